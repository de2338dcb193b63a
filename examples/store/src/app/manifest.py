"""The same application as a list, for `discovery.mode: manifest` with `manifest.module: app.manifest`."""

from app.address.interface import AddressRestInterface
from app.address.model import Address
from app.pricing.interface import PricingRestInterface
from app.pricing.model import Record
from app.product.callbacks import RestockEmailFailureCallback, RestockEmailSuccessCallback
from app.product.interface import ProductRestInterface
from app.product.jobs import SendRestockEmailJob
from app.product.model import Product
from app.user.interface import UserRestInterface
from app.user.model import User

MODELS = [User, Address, Product, Record]
INTERFACES = [UserRestInterface, AddressRestInterface, ProductRestInterface, PricingRestInterface]
JOBS = [SendRestockEmailJob]
CALLBACKS = [RestockEmailSuccessCallback, RestockEmailFailureCallback]
