"""Takes one guard out of the product's source while it is imported.

Python runs this in each process that has its folder on PYTHONPATH, which only `./dev faults --sabotage` sees to.
Without PLUGCAST_SABOTAGE it does nothing.
"""

import importlib.abc
import importlib.machinery
import json
import os
import sys
from collections.abc import Sequence
from types import CodeType, ModuleType

VARIABLE = "PLUGCAST_SABOTAGE"


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads the module with other words in it, and never from or into a cache."""

    old = new = ""

    def get_code(self, fullname: str) -> CodeType:
        """The module's code without its guard. Raises ImportError when the words are not there."""
        path = self.get_filename(fullname)
        source = self.get_data(path).decode()
        if self.old not in source:
            raise ImportError(f"{fullname} has no {self.old!r}")
        return compile(source.replace(self.old, self.new), path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, module: str, old: str, new: str) -> None:
        self._module, self._old, self._new = module, old, new

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None:
            return None
        spec.loader = loader = _Loader(fullname, spec.origin)
        loader.old, loader.new = self._old, self._new
        return spec


if VARIABLE in os.environ:
    sys.meta_path.insert(0, _Finder(*json.loads(os.environ[VARIABLE])))
