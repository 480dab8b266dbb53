"""Rule sets kept for ever: the files of each pack that ever decided, so that an old decision is replayed with the rules
of its day.

A rule set is a folder named by its hash. It is loaded as a package of its own name, beside the present one, after its
hash has been computed again from its files: a file that was changed is never run.
"""

import importlib.util
import sys
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Final

from beffroi.base.files import write_durable
from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text
from beffroi.law.engine import LawEngine
from beffroi.law.pack import hash_of, pack_files, pack_from, pack_root

_PACKAGE: Final = "beffroi_rules_"


def keep(folder: Path) -> str:
    """Put the present rule set into the archive, once; its hash. Done when a centre starts."""
    root = pack_root()
    name = hash_of(root)
    where = folder / name
    if where.is_dir() and hash_of(where) == name:
        return name
    for path, content in pack_files(root):
        target = where / path
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_durable(target, content)
    return name


def engine_of(folder: Path, name: str) -> LawEngine | None:
    """The law of this rule-set hash: the present one, or one from the archive; None when it is not there.

    Raises:
        BrokenError: the archived files are not those of this hash.
    """
    present = LawEngine.load()
    if name == present.pack.hash:
        return present
    where = folder / name
    return _load(where, name) if name.isalnum() and where.is_dir() else None


@lru_cache(maxsize=8)
def _load(where: Path, name: str) -> LawEngine:
    if hash_of(where) != name:
        raise BrokenError(
            Text(
                fr=f"Les règles archivées dans « {where.name} » ont été modifiées : elles ne sont pas lues. Reprenez "
                "ce dossier dans une sauvegarde.",
                en=f"The rules archived in “{where.name}” were changed: they are not read. Restore this folder from a "
                "backup.",
            )
        )
    return LawEngine(pack_from(where), _module(where, name).COUNTRY)


def _module(where: Path, name: str) -> ModuleType:
    """The pack's code under a package name of its own: its files import one another relatively."""
    package = f"{_PACKAGE}{name}"
    if package not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            package, where / "__init__.py", submodule_search_locations=[str(where)]
        )
        if spec is None or spec.loader is None:
            raise ImportError(package)
        module = importlib.util.module_from_spec(spec)
        sys.modules[package] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[package]
            raise
    return sys.modules[package]
