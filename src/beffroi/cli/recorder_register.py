"""`beffroi recorder register`: the register's key for a recorder, and a new beginning after a restoration."""

from pathlib import Path

from beffroi.base.clock import SystemClock
from beffroi.base.files import write_durable
from beffroi.capture.paths import RecorderPaths
from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text
from beffroi.ledger.note import NoteError, Verifier, parse_verifier
from beffroi.vault.journal import ActKind, Journal
from beffroi.vault.registerkept import last_kept


def join_register(data: Path, key: Path | None, *, anew: bool) -> None:
    """Write the key once; another one is refused. With ``anew``, an act says that the checkpoints kept so far count no
    more: the next one that comes is believed.

    Raises:
        BadInputError: no key there, another key is in place, or the folder holds no recorder.
    """
    paths = RecorderPaths(data)
    if not paths.root.is_dir():
        raise BadInputError(
            Text(fr=f"« {data} » n'a pas d'enregistreur.", en=f"“{data}” has no recorder: give its data folder.")
        )
    given = _read(key or data / "centre" / "ledger.vkey") if key or not paths.register_trust.exists() else None
    if paths.register_trust.exists():
        held = _read(paths.register_trust)
        if given is not None and given.encode() != held.encode():
            raise BadInputError(
                Text(
                    fr=f"L'enregistreur suit un registre d'une autre clé ({held.encode()}). Si c'est voulu, deux "
                    f"personnes ôtent {paths.register_trust} et le disent au registre.",
                    en=f"The recorder follows a register of another key ({held.encode()}). If that is meant, two "
                    f"persons remove {paths.register_trust} and say so in the register.",
                )
            )
    elif given is not None:
        paths.register_trust.parent.mkdir(parents=True, exist_ok=True)
        write_durable(paths.register_trust, given.encode().encode() + b"\n", mode=0o644)
        held = given
    print(f"Clé du registre / register's key: {held.encode()}")
    if anew:
        _begin_anew(paths)


def _begin_anew(paths: RecorderPaths) -> None:
    journal = Journal.open(paths.journal)
    try:
        kept = last_kept(journal)
        fields = {"size": kept.size, "root": kept.root.hex()}
        seq = journal.append(ActKind.REGISTER_ANEW, fields, wall_us=SystemClock().wall_us())
    finally:
        journal.close()
    print(f"Acte n° {seq} : le registre est repris à neuf. / Act no. {seq}: begun anew with the register.")


def _read(path: Path) -> Verifier:
    try:
        return parse_verifier(path.read_text())
    except (OSError, NoteError, UnicodeDecodeError) as error:
        raise BadInputError(
            Text(
                fr=f"La clé du registre ne se lit pas dans {path} : donnez --key, une copie de centre/ledger.vkey.",
                en=f"The register's key cannot be read in {path}: give --key, a copy of centre/ledger.vkey.",
            )
        ) from error
