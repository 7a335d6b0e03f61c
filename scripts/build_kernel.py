"""Compile the kernel of the SIMD engine for every processor that may share this checkout."""

import sys

from genboost.train.engines import kernel_build


def main() -> None:
    """Build each level; say once why some, or all, cannot be built."""
    lacking: dict[str, list[str]] = {}
    for level in kernel_build.levels():
        try:
            print(kernel_build.build(level))
        except kernel_build.KernelUnavailable as reason:
            lacking.setdefault(str(reason), []).append(level)
    for reason, levels in lacking.items():
        print(f"no {', '.join(levels)} kernel: {reason}", file=sys.stderr)
    if sum(map(len, lacking.values())) == len(kernel_build.levels()):
        print("PyTorch will train instead, much more slowly", file=sys.stderr)


if __name__ == "__main__":
    main()
