"""The rows themselves."""

USERS = (
    ("Ines Carvalho", "ines.carvalho@example.com"),
    ("Tomas Lindqvist", "tomas.lindqvist@example.com"),
    ("Aoife Brennan", "aoife.brennan@example.com"),
    ("Mateo Ferrer", "mateo.ferrer@example.com"),
    ("Hanna Vogel", "hanna.vogel@example.com"),
    ("Luc Marchand", "luc.marchand@example.com"),
    ("Priya Raman", "priya.raman@example.com"),
    ("Jonas Petersen", "jonas.petersen@example.com"),
    ("Clara Moretti", "clara.moretti@example.com"),
    ("Daniel Okafor", "daniel.okafor@example.com"),
    ("Sofia Nowak", "sofia.nowak@example.com"),
    ("Emil Haugen", "emil.haugen@example.com"),
)

ADDRESSES = (
    ("ines.carvalho@example.com", "Porto", "Portugal"),
    ("ines.carvalho@example.com", "Lisbon", "Portugal"),
    ("tomas.lindqvist@example.com", "Gothenburg", "Sweden"),
    ("aoife.brennan@example.com", "Galway", "Ireland"),
    ("mateo.ferrer@example.com", "Valencia", "Spain"),
    ("mateo.ferrer@example.com", "Girona", "Spain"),
    ("hanna.vogel@example.com", "Leipzig", "Germany"),
    ("luc.marchand@example.com", "Nantes", "France"),
    ("priya.raman@example.com", "Dublin", "Ireland"),
    ("jonas.petersen@example.com", "Aarhus", "Denmark"),
    ("clara.moretti@example.com", "Bologna", "Italy"),
    ("daniel.okafor@example.com", "Cork", "Ireland"),
    ("sofia.nowak@example.com", "Gdansk", "Poland"),
)

# sku, name, category, price in cents, stock
PRODUCTS = (
    ("COF-101", "Highland Espresso Beans 1 kg", "coffee", 2490, 40),
    ("COF-102", "Washed Ethiopia Filter Beans 250 g", "coffee", 1150, 12),
    ("COF-103", "Decaf Colombia 250 g", "coffee", 1090, 5),
    ("COF-104", "Burr Grinder with 40 Steps", "coffee", 12900, 3),
    ("COF-105", "Gooseneck Kettle 0.9 l", "coffee", 6450, 0),
    ("COF-106", "Paper Filters No. 2, 100 pieces", "coffee", 390, 120),
    ("COF-107", "Glass Dripper for Two Cups", "coffee", 2200, 12),
    ("COF-108", "Milk Jug 350 ml", "coffee", 1890, 18),
    ("KIT-201", "Cast Iron Skillet 26 cm", "kitchen", 5490, 7),
    ("KIT-202", "Carbon Steel Wok 32 cm", "kitchen", 4790, 2),
    ("KIT-203", "Chef's Knife 20 cm", "kitchen", 8900, 5),
    ("KIT-204", "Bread Knife 24 cm", "kitchen", 4300, 12),
    ("KIT-205", "Beech Chopping Board", "kitchen", 2950, 25),
    ("KIT-206", "Linen Tea Towel, set of 3", "kitchen", 1990, 40),
    ("KIT-207", "Stoneware Mixing Bowl 3 l", "kitchen", 3250, 0),
    ("KIT-208", "Kitchen Scale with 0.1 g Steps", "kitchen", 2790, 18),
    ("DSK-301", "Dotted Notebook A5", "desk", 1250, 120),
    ("DSK-302", "Fountain Pen, fine nib", "desk", 3900, 3),
    ("DSK-303", "Blue-Black Ink 50 ml", "desk", 1450, 18),
    ("DSK-304", "Walnut Monitor Stand", "desk", 7900, 2),
    ("DSK-305", "Felt Desk Mat 90 x 40 cm", "desk", 3600, 25),
    ("DSK-306", "Brass Pencil Sharpener", "desk", 950, 60),
    ("DSK-307", "Reading Lamp with Dimmer", "desk", 8450, 7),
    ("DSK-308", "Archive Box A4, set of 2", "desk", 1690, 40),
    ("OUT-401", "Merino Hiking Socks", "outdoor", 1990, 60),
    ("OUT-402", "Enamel Mug 350 ml", "outdoor", 1190, 25),
    ("OUT-403", "Insulated Bottle 750 ml", "outdoor", 2890, 12),
    ("OUT-404", "Headlamp 400 lm", "outdoor", 4590, 5),
    ("OUT-405", "Trekking Poles, pair", "outdoor", 7990, 1),
    ("OUT-406", "Waterproof Map Case", "outdoor", 1650, 18),
    ("OUT-407", "Two-Person Tent 2.1 kg", "outdoor", 24900, 0),
    ("OUT-408", "Folding Camp Stool", "outdoor", 3490, 7),
)

RECORDS = (
    ("List prices", "EUR"),
    ("Spring campaign", "EUR"),
    ("Reseller terms", "EUR"),
)
