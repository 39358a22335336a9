"""Writes the digits of digits.npz as pictures: `python make_pictures.py [folder]`; needs NumPy and Pillow."""

import sys
from pathlib import Path

import numpy as np
from PIL import Image


def main() -> None:
    """1797 grey pictures of 8x8 pixels, each in the folder of its digit; 16 becomes 240."""
    here = Path(__file__).parent
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else here / "digits"
    digits = np.load(here / "digits.npz")
    for number, (image, digit) in enumerate(zip(digits["image"], digits["digit"], strict=True)):
        place = folder / str(digit)
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0] * 15).save(place / f"{number:04}.png")


if __name__ == "__main__":
    main()
