"""The world's own tokenizer: one entry for each phrase of the specs, each piece of code and each digit.

A token is the text that it stands for, spaces included, so that decoding is joining; every spec, solution and test of
the world comes back as it went in. What it does not know becomes `<|unk|>`.
"""

from typing import Any

PAD, END, UNKNOWN = "<|pad|>", "<|end|>", "<|unk|>"
CODER, TESTER = "<|coder|>", "<|tester|>"  # end a prompt, and say whose reply follows
SPECIAL = (PAD, END, UNKNOWN, CODER, TESTER)

_SPEC = (
    "return the",
    " sum of", " count of", " largest of", " smallest of", " first of", " last of",
    " list of", " sorted list of", " reversed list of",
    " the", " the squares of", " the doubles of", " the negatives of", " the absolute values of",
    " the halves rounded down of", " the remainders by", " of", " more than each of", " less than each of",
    " numbers", " even numbers", " odd numbers", " positive numbers", " negative numbers", " numbers other than",
    " numbers within", " numbers not within", " numbers at least", " numbers at most",
    " numbers divisible by", " numbers not divisible by",
    " in xs", " in the first", " in the last", " items of xs", " without its first item", " without its last item",
    " or 0 if none", " ",
)  # fmt: skip
_CODE = (
    "def f(xs): return ", "sum(", "len(", "max(", "min(", "sorted(", "abs(", ", default=0)",
    "[", "]", "(", ")", ":", "x", " for x in xs", " if ", "-", ", ",
    " * ", " + ", " - ", " // ", " % ", " == ", " != ", " >= ", " <= ", " > ", " < ",
    "assert f([", "]) == ",
)  # fmt: skip

# A minus sign belongs to the digit behind it, so that every item of a list is one token.
_NUMBERS = (*"0123456789", *(f"-{digit}" for digit in range(1, 10)))

VOCABULARY = (*SPECIAL, *_SPEC, *_CODE, *_NUMBERS)


def make_tokenizer(longest: int = 128) -> Any:
    """A `PreTrainedTokenizerFast`, which transformers saves and loads as any other.

    It pads on the left, as generation needs it. `longest` is what it gives as `model_max_length`.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    plain = sorted((each for each in VOCABULARY if each not in SPECIAL), key=len, reverse=True)
    tokenizer = Tokenizer(models.WordLevel({each: i for i, each in enumerate(VOCABULARY)}, unk_token=UNKNOWN))
    # A prompt template may end with a line end; no text of the world has one.
    tokenizer.normalizer = normalizers.Replace(Regex(r"[\r\n]+\z"), "")
    pattern = "|".join(_escaped(each) for each in plain)  # the longest comes first, so it wins
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    fast: Any = PreTrainedTokenizerFast  # transformers does not type it
    return fast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        unk_token=UNKNOWN,
        additional_special_tokens=[CODER, TESTER],
        padding_side="left",
        model_max_length=longest,
        clean_up_tokenization_spaces=False,
    )


def _escaped(text: str) -> str:
    """For the tokenizer's regular expressions, which are not Python's: only punctuation is escaped."""
    return "".join(char if char.isalnum() or char == " " else f"\\{char}" for char in text)
