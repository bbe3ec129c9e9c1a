"""Catalog: what can be bought, and at which price.

Owns: customers, meters, products, plans and their versions, subscriptions, and the Price value with its validation.
Does not own: what a price comes to for a quantity (core.rating) and what is billed of it (core.invoicing).
Dates: a plan version is in force from the day it is put on a subscription; a published version never changes.
Invariant: P3, a published price never changes an issued invoice (its JSON is frozen and hashed, see `price_hash`).

The pure Price lives in `core.catalog.model` and `core.catalog.prices`, which import no database.
"""
