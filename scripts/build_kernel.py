"""Compile the kernel of the SIMD engine for every processor that may share this checkout."""

import sys

from genboost.train.engines import kernel_build


def main() -> None:
    """Build each level; a machine without a compiler is told what that means."""
    for level in kernel_build.levels():
        try:
            print(kernel_build.build(level))
        except kernel_build.KernelUnavailable as reason:
            print(
                f"no {level} kernel ({reason}); without any kernel, PyTorch trains", file=sys.stderr
            )


if __name__ == "__main__":
    main()
