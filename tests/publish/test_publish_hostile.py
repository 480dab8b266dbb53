"""Files that are wrong, or meant to harm: a sentence that names file and line, never a trace, never a wrong audit."""

import pytest
from tests.publish import commune

from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import BodyKind
from beffroi.domain.ids import PersonId
from beffroi.publish.dossier import dossier_of

HEAD = "Identifiant;Commune;Adresse;Origine;Résolution;Finalités;Son\n"
GOOD = "C1;99031;Rue Haute;voie publique;1920x1080;F1;non\n"
PAPERS = b"documents: []\n"


def _refused(cameras: bytes | str, papers: bytes | str = PAPERS, name: str = "pieces.yaml") -> str:
    raw = cameras.encode() if isinstance(cameras, str) else cameras
    docs = papers.encode() if isinstance(papers, str) else papers
    with pytest.raises(BadInputError) as refused:
        dossier_of(raw, "cameras.csv", docs, name)
    assert refused.value.text.en
    return refused.value.text.fr


@pytest.mark.parametrize(
    ("cameras", "line", "said"),
    [
        ("", 1, "colonnes"),
        (HEAD, 1, "aucune caméra"),
        ("Nom;Commune\nRue;99031\n", 1, "identifiant"),
        (HEAD + GOOD + GOOD, 3, "déjà à la ligne 2"),
        (HEAD + GOOD + "C2;99032;x;;;;\n", 3, "une liste par commune"),
        (HEAD + "C1;Val-Perché;x;;;;\n", 2, "code INSEE"),
        (HEAD + "C1;99031;x;rivière;;;\n", 2, "rivière"),
        (HEAD + "C1;99031;x;;grand;;\n", 2, "résolution"),
        (HEAD + "C1;99031;x;;99999999x1;;\n", 2, "résolution"),
        (HEAD + "C1;99031;x;;;F99;\n", 2, "F99"),
        (HEAD + "C1;99031;x;;;;peut-être\n", 2, "oui ou non"),
        (HEAD + GOOD.strip() + ";en trop\n", 2, "séparateur"),
        (HEAD + ";99031;x;;;;\n", 2, "identifiant"),
        (HEAD + "C" * 80 + ";99031;x;;;;\n", 2, "identifiant de caméra"),
        (HEAD + 'C1;99031;"jamais fermé;;;;\n', 2, "guillemets"),
        (HEAD + f"C1;99031;{'x' * 3000};;;;\n", 2, "trop longue"),
        (HEAD + "\n\n" + "C1;99031;x;rivière;;;\n", 4, "rivière"),
        ("Identifiant;Identifiant\nC1;C2\n", 1, "deux colonnes"),
        ("id;latitude;commune\nC1;300;99031\n", 2, "latitude"),
        ("id;insee\nC1;9903\n", 2, "INSEE"),
        ("id;commune;responsable\nC1;99031;Société inconnue\n", 2, "déclarez-le"),
        (b"PK\x03\x04\x00\x00\x08", 1, "fichier texte"),
        (b"\xff\xfe", 1, "colonnes"),
        (HEAD + "C1;99031;x\x00y;;;;\n", 2, "fichier texte"),
    ],
)
def test_a_list_that_is_wrong_is_refused_with_its_line(cameras: bytes | str, line: int, said: str) -> None:
    sentence = _refused(cameras)
    assert "cameras.csv" in sentence
    assert f"ligne {line}" in sentence
    assert said in sentence


@pytest.mark.parametrize(
    ("papers", "line", "said"),
    [
        ("", None, "une liste de pièces"),
        ("documents: [\n", 2, "YAML"),
        ("juste un mot\n", None, "une liste de pièces"),
        ("persons: oui\ndocuments: []\n", 1, "liste"),
        ("persons:\n  - maire\ndocuments: []\n", 2, "clé"),
        ("persons:\n  - {status: maire}\ndocuments: []\n", 2, "id"),
        ("persons:\n  - {id: x, status: roi}\ndocuments: []\n", 2, "roi"),
        ("persons:\n  - {id: x, status: [maire]}\ndocuments: []\n", 2, "texte"),
        ("bodies:\n  - {id: '1', kind: commune, members: 3}\ndocuments: []\n", 2, "liste"),
        ("bodies:\n  - {kind: epci}\ndocuments: []\n", 2, "id"),
        ("bodies:\n  - {id: '1', kind: epci, form: Z}\ndocuments: []\n", 2, "A à G"),
        ("documents:\n\n  - {id: prefect_order/x, signed_on: hier, valid_from: hier}\n", 3, "n'est pas une date"),
        ("documents:\n  - {id: inconnu/x, signed_on: 2024-01-01, valid_from: 2024-01-01}\n", 2, "identifiant de pièce"),
        ("documents: []\na: &a [1]\nb: *a\n", 2, "alias"),
        ("documents: !!python/object/apply:os.system ['true']\n", 1, "refusé"),
        ("[" * 2000, None, "YAML"),
        (b"documents: \xff\xfe\x00", None, "texte"),
    ],
)
def test_papers_that_are_wrong_are_refused_with_their_line(papers: bytes | str, line: int | None, said: str) -> None:
    sentence = _refused(HEAD + GOOD, papers)
    assert "pieces.yaml" in sentence
    if line is not None:
        assert f"ligne {line}" in sentence
    assert said in sentence


def test_two_persons_of_one_id_are_refused() -> None:
    said = _refused(HEAD + GOOD, "persons:\n  - {id: a, status: maire}\n  - {id: a, status: dpo}\ndocuments: []\n")
    assert "pieces.yaml" in said
    assert "ligne 3" in said
    assert "ligne 2" in said


def test_an_employer_whom_nobody_declared_is_refused() -> None:
    said = _refused(HEAD + GOOD, "persons:\n  - {id: a, status: agent de l'EPCI, employer: '200'}\ndocuments: []\n")
    assert "ligne 2" in said
    assert "bodies" in said


def test_papers_of_another_format_are_refused() -> None:
    assert "pieces.docx" in _refused(HEAD + GOOD, PAPERS, "pieces.docx")


@pytest.mark.parametrize(
    "encoded",
    [
        lambda text: text.encode(),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("cp1252"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace(";", ",").encode(),
        lambda text: text.replace(";", "\t").encode("cp1252"),
        lambda text: text.replace("\n", "\r\n").encode(),
    ],
)
def test_a_list_is_read_alike_in_each_encoding_and_separator(encoded: object) -> None:
    assert callable(encoded)
    text = "Identifiant;Nom;Commune (INSEE);Adresse;Système\nÉcole 1;Abords de l'école;99031;Rue Haute;Été\n"
    dossier = dossier_of(encoded(text), "cameras.csv", PAPERS, "pieces.yaml")
    (camera,) = dossier.facts.cameras.values()
    assert (camera.id, camera.name, camera.commune, camera.system) == ("ecole-1", "Abords de l'école", "99031", "ete")
    assert camera.placement_confirmed_by is not None


def test_what_is_not_said_is_derived() -> None:
    papers = (
        "documents:\n"
        "  - {id: accreditation/a, number: n, signed_on: 2024-01-01, signatory: p, valid_from: 2024-01-01,\n"
        "     scope: {persons: [a]}, fields: {employer: '99031', departements: ['99'], prefets: [p]}}\n"
    )
    dossier = dossier_of((HEAD + GOOD).encode(), "cameras.csv", papers.encode(), "pieces.yaml")
    facts = dossier.facts
    assert dossier.commune.departement == "99"
    assert {one.status.value for one in facts.persons.values()} == {"mayor", "agreed_agent"}
    assert facts.documents[0].confirmed_by in facts.persons


def test_keys_and_qualities_may_be_in_french() -> None:
    papers = "personnes:\n  - {identifiant: a, nom: Garde, qualité: Garde champêtre}\ndocuments: []\n"
    facts = dossier_of((HEAD + GOOD).encode(), "cameras.csv", papers.encode(), "pieces.yaml").facts
    person = facts.persons[PersonId("a")]
    assert (person.status.value, person.label.fr, person.commune) == ("agreed_agent", "Garde", "99031")


def test_statutes_make_the_pooling_body() -> None:
    papers = (
        "persons:\n  - {id: a, status: agent de l'EPCI, employer: '200099131'}\n"
        "documents:\n"
        "  - {id: statutes/e, number: n, signed_on: 2024-01-01, signatory: p, valid_from: 2024-01-01,\n"
        "     scope: {bodies: ['200099131']}, fields: {form: C, dlpd: true, members: ['99031']}}\n"
    )
    facts = dossier_of((HEAD + GOOD).encode(), "cameras.csv", papers.encode(), "pieces.yaml").facts
    body = facts.bodies[facts.persons[PersonId("a")].employer]
    assert body.kind is BodyKind.EPCI
    assert list(body.members) == ["99031"]


def test_papers_in_csv_serve_too() -> None:
    papers = (
        "id;number;signed_on;signatory;valid_from;valid_until;bodies;cameras;fields.purposes\n"
        "prefect_order/x;1;2024-01-01;préfet;2024-01-01;2028-12-31;99031;C1;F1|F5\n"
    )
    dossier = dossier_of((HEAD + GOOD).encode(), "cameras.csv", papers.encode("cp1252"), "pieces.csv")
    (order,) = dossier.facts.documents
    assert order.scope.cameras == {"c1"}


def test_the_example_files_are_read_whole() -> None:
    cameras, papers = commune.written(*commune.example())
    dossier = dossier_of(cameras, "cameras.csv", papers, "papers.yaml")
    assert len(dossier.sheets) == 40
