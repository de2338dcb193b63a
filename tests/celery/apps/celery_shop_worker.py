"""The worker of `celery_shop`, configured by the environment."""

import json
import os

from loom.celery.auto import create_app

celery_app = create_app(json.loads(os.environ["SHOP_CONFIG"]))
