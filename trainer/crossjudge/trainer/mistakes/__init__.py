"""The Mistake Book: of each problem the tests that solutions failed, and how often. No torch.

book = MistakeBook()
replayed = book.top("HumanEval/0", 8)                   # what the next solutions have to pass
book.update([Outcome("HumanEval/0", solved=[...], failed=[...])], step=12)
Path("mistakes.json").write_text(book.to_json())
"""

from .book import FILE, Bounds, Change, Mistake, MistakeBook, Outcome, read_book
from .errors import BadBook

__all__ = ["FILE", "BadBook", "Bounds", "Change", "Mistake", "MistakeBook", "Outcome", "read_book"]
