"""From a commune's files to what the audit reads: its list of cameras and its papers, with what they imply.

The papers are taken as they are: here a paper counts as soon as it is signed, since no centre is there to confirm it.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from beffroi.domain.documents import Document, DocumentStatus, Scope
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Body, BodyKind, Camera, Facts, Person, PersonStatus
from beffroi.domain.ids import BodyId, CameraId, PersonId
from beffroi.domain.text import Text
from beffroi.law.audit.cameras import CameraLine, read_cameras
from beffroi.law.audit.model import Dossier
from beffroi.law.audit.table import MAX_BYTES, slug, wrong
from beffroi.law.documents import validate
from beffroi.publish.implied import implied, implied_bodies, mayor_of
from beffroi.publish.people import body_of, declared, person_of, unique
from beffroi.registry.papers_file import read_documents

_YAML: Final = {".yaml", ".yml"}
_OWN: Final = frozenset({"", "commune", "mairie", "la-commune", "ville", "maire", "la-mairie"})
"""Words for the commune itself in the column of the controller."""
_DEPARTEMENT: Final = frozenset({"departement", "le-departement", "conseil-departemental", "cd"})


def load_dossier(cameras: Path, papers: Path) -> Dossier:
    """Read a commune's two files.

    Raises:
        BadInputError: a file cannot be read or is not understood; the sentence names file and line.
    """
    return dossier_of(_read(cameras), cameras.name, _read(papers), papers.name)


def dossier_of(cameras: bytes, cameras_name: str, papers: bytes, papers_name: str) -> Dossier:
    """As `load_dossier`, from the bytes of the files."""
    is_yaml = Path(papers_name).suffix.lower() in _YAML
    documents = [_normed(one) for one in read_papers(papers, papers_name)]  # refuses what could make YAML harmful
    persons, bodies = declared(papers, papers_name) if is_yaml else ([], [])
    for entries in (persons, bodies):
        unique(entries)
    stated = [body_of(one, "") for one in bodies]
    home = _only_commune(stated)
    lines = read_cameras(cameras, cameras_name, placed_by=PersonId("-"), commune=home)
    commune = _commune(lines, cameras_name, stated)
    departement = departement_of(commune.id)
    known = {body.id: replace(body, departement=body.departement or departement) for body in (commune, *stated)}
    known |= {body.id: body for body in implied_bodies(documents, set(known), departement)}
    for line in lines:
        known.update({one.id: one for one in _controllers(line, cameras_name, known, commune)})
    stated_persons = [person_of(one, commune.id, known) for one in persons]
    placed = [_placed(line, cameras_name, known, commune) for line in lines]
    people = [*stated_persons, *implied(documents, {one.id for one in stated_persons}, commune, known.values())]
    mayor = next((one for one in people if one.status is PersonStatus.MAYOR and one.commune == commune.id), None)
    if mayor is None:
        mayor = mayor_of(commune)
        people.append(mayor)
    for person in people:
        known.setdefault(person.employer, Body(person.employer, BodyKind.OTHER, person.employer, departement))
    confirmed = [_confirmed(one, mayor.id) for one in documents]
    at_home = [
        replace(one, placement_confirmed_by=mayor.id if one.placement_confirmed_by is not None else None)
        for one in placed
    ]
    sheets = {line.camera.id: line.sheet for line in lines}
    return Dossier(known[commune.id], _facts(people, known.values(), at_home, confirmed), sheets)


def departement_of(commune: BodyId) -> str:
    """The code of the département in an INSEE code: `99`, `2A`, `974`."""
    return commune[:3] if commune.startswith(("97", "98")) else commune[:2]


def _facts(
    persons: Iterable[Person], bodies: Iterable[Body], cameras: Iterable[Camera], documents: Iterable[Document]
) -> Facts:
    try:
        return Facts.of(revision=1, persons=persons, bodies=bodies, cameras=cameras, documents=documents)
    except ValueError as error:
        raise BadInputError(
            Text(
                fr="Deux personnes, deux organismes ou deux pièces portent le même identifiant : changez-en un.",
                en="Two persons, bodies or documents share an id: change one of them.",
            )
        ) from error


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise wrong(path.name, 1, "fichier trop gros (8 Mo au plus).", "file too large (8 MB at most).")
        return path.read_bytes()
    except OSError as error:
        raise BadInputError(
            Text(
                fr=f"Le fichier « {path} » ne peut pas être lu ({error.strerror}).",
                en=f"The file “{path}” cannot be read ({error.strerror}).",
            )
        ) from error


def _only_commune(bodies: list[Body]) -> BodyId | None:
    communes = [body.id for body in bodies if body.kind is BodyKind.COMMUNE]
    return communes[0] if len(communes) == 1 else None


def _commune(lines: list[CameraLine], source: str, stated: list[Body]) -> Body:
    """The one commune of the list, under its declared name, or the name that the list gives."""
    first = lines[0].camera.commune
    for line in lines:
        if line.camera.commune != first:
            raise wrong(
                source,
                line.sheet.line,
                f"deux communes dans la liste ({first}, {line.camera.commune}) : faites une liste par commune.",
                f"two communes in the list ({first}, {line.camera.commune}): make one list per commune.",
            )
    body = next((one for one in stated if one.id == first), None)
    if body is not None:
        return body
    names = [line.commune_name for line in lines if line.commune_name and line.commune_name.upper() != first]
    return Body(first, BodyKind.COMMUNE, names[0] if names else first, departement_of(first))


def _controllers(line: CameraLine, source: str, known: dict[BodyId, Body], commune: Body) -> list[Body]:
    """The body that a line names as responsible, where the list is the first to speak of it."""
    departement = departement_of(commune.id)
    if slug(line.controller) in _DEPARTEMENT and BodyId(departement) not in known:
        return [Body(BodyId(departement), BodyKind.DEPARTEMENT, f"Département {departement}", departement)]
    _controller(line, source, known, commune)
    return []


def _controller(line: CameraLine, source: str, known: dict[BodyId, Body], commune: Body) -> BodyId | None:
    given = slug(line.controller)
    if given in _OWN or given in {slug(commune.id), slug(commune.name), slug(f"commune de {commune.name}")}:
        return None
    if given in _DEPARTEMENT:
        return BodyId(departement_of(commune.id))
    for body in known.values():
        if given in {slug(body.id), slug(body.name)}:
            return body.id
    raise wrong(
        source,
        line.sheet.line,
        f"responsable « {line.controller[:60]} » inconnu : déclarez-le sous « bodies » dans le fichier des pièces.",
        f"unknown controller “{line.controller[:60]}”: declare it under “bodies” in the file of papers.",
    )


def _placed(line: CameraLine, source: str, known: dict[BodyId, Body], commune: Body) -> Camera:
    return replace(line.camera, controller=_controller(line, source, known, commune))


def _normed(document: Document) -> Document:
    """Cameras and systems are named as the list names them, whatever the case, the accents and the spaces."""
    scope = document.scope
    return replace(
        document,
        scope=Scope(
            scope.bodies,
            frozenset(CameraId(slug(one)) for one in scope.cameras),
            frozenset(slug(one) for one in scope.systems),
            scope.persons,
        ),
    )


def _confirmed(document: Document, by: PersonId) -> Document:
    if document.status is not DocumentStatus.PROPOSED:
        return document
    return replace(document, status=DocumentStatus.CONFIRMED, confirmed_by=by, awaiting=None)


def read_papers(data: bytes, source: str) -> list[Document]:
    """The papers of a file, as the registry's import reads it. One that lacks something is kept: the audit tells what.

    Raises:
        BadInputError: a paper cannot be read; the sentence names file and line.
    """
    try:
        lines = read_documents(data, source, None)
    except BadInputError as error:
        raise BadInputError(
            Text(fr=f"Fichier « {source} » : {error.text.fr}", en=f"File “{source}”: {error.text.en}")
        ) from error
    documents = []
    for line in lines:
        missing = validate(line.document) if line.document is not None else []
        unreadable = [one for one in line.errors if one not in missing]
        if line.document is None or unreadable:
            raise wrong(source, line.number, unreadable[0].fr, unreadable[0].en)
        documents.append(line.document)
    return documents
