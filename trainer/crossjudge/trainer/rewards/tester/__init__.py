"""Rewards of tests, one a file."""

from .additive import Additive
from .base import TesterReward
from .cure import Cure
from .product import Product

__all__ = ["Additive", "Cure", "Product", "TesterReward"]
