"""The demo business: two sellers, forty customers, thirteen months, made only by the verbs of the product.

Owns: reading data/seed (small CSVs that a person can edit), a deterministic generator of usage, and the order in which people
and jobs did what they did. Does not own: any result; nothing here inserts a row.
Dates: the story runs from 2023-02-01 to BUSINESS_DATE, 2024-03-05, where the desk then stands; every verb is told the noon of
its own day.
"""

from core.demo.load import BUSINESS_DATE as BUSINESS_DATE
from core.demo.load import is_loaded as is_loaded
from core.demo.load import load as load
from core.demo.load import load_into as load_into
from core.demo.seed import people as people
