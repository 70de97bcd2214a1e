"""Builds the C++ core and maps the top-level rooms (decoder, lm, hotwords) into the namespace tlg."""

import os
import sys
import sysconfig
from glob import glob
from pathlib import Path

from pybind11.setup_helpers import ParallelCompile, Pybind11Extension, build_ext
from setuptools import find_packages, setup

ROOMS = ("decoder", "lm", "hotwords")  # root folder x is the package tlg.x
VERSION = Path(__file__).with_name("VERSION").read_text(encoding="ascii").strip()
packages = find_packages("src") + [
    f"tlg.{name}" for room in ROOMS for name in find_packages(include=[room, f"{room}.*"])
]
headers = sorted(glob("csrc/**/*.h", recursive=True))
always = ["setup.py", "VERSION"]
# One object folder for "pip install -e ." and "build_ext --inplace", so that neither starts from nothing.
objects = f"build/obj-{sysconfig.get_platform()}-{sys.implementation.cache_tag}"
# Nothing here reads floating-point exception flags or errno; without them loops with selects vectorise.
gcc_like = [os.environ.get("TLG_OPT", "-O3"), "-fno-trapping-math", "-fno-math-errno"]
gcc_like += ["-Wall", "-Wextra", "-MMD", "-fopenmp-simd", "-ffp-contract=off", "-pthread"]
if os.environ.get("TLG_WERROR"):
    gcc_like.append("-Werror")


def is_stale(obj: str, src: str) -> bool:
    """Compile again? Exact, from the compiler's .d file: an edited header counts."""
    depfile = Path(obj).with_suffix(".d")
    if not (os.path.exists(obj) and depfile.exists()):
        return True
    listed = depfile.read_text(encoding="utf-8").replace("\\\n", " ").partition(":")[2].split()
    built = os.path.getmtime(obj)
    return any(not os.path.exists(f) or os.path.getmtime(f) > built for f in [src, *always, *listed])


ParallelCompile("TLG_BUILD_JOBS", default=os.cpu_count() or 1, needs_recompile=is_stale).install()
core = Pybind11Extension(
    "tlg._core",
    sorted(glob("csrc/**/*.cc", recursive=True)),
    include_dirs=["csrc"],
    depends=headers + always,
    define_macros=[("TLG_VERSION", f'"{VERSION}"')],
    cxx_std=17,
    extra_compile_args=["/O2", "/W3"] if sys.platform == "win32" else gcc_like,
)
setup(
    version=VERSION,
    packages=packages,
    package_dir={"tlg": "src/tlg", **{f"tlg.{r}": r for r in ROOMS}},
    package_data={"tlg": ["py.typed", "*.pyi"]},
    include_package_data=False,
    ext_modules=[core],
    cmdclass={"build_ext": build_ext},
    options={"build_ext": {"build_temp": objects}},
    zip_safe=False,
)
