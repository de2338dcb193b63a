"""The store: users and their addresses, products, pricing. One package per subject, four modules in each."""
