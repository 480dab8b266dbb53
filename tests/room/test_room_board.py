"""Tonight's matrices: kept while nothing changes, drawn again when something does, the large one in the background."""

from datetime import timedelta

from tests.room.conftest import Room
from tests.support.worlds import X, Y

from beffroi.domain.ids import DocumentId, PersonId
from beffroi.law.tonight.matrix import Matrix, State
from beffroi.room.board import Board, Drawing

AGENT, POLICE = PersonId("agentE"), PersonId("pmX")


def board_of(room: Room) -> Board:
    return Board(room.registry, room.law, room.clock)


def state_of(board: Board) -> State:
    course = board.now([AGENT], [X]).course(AGENT, X)
    assert course is not None
    return course[0].state


def test_a_matrix_is_drawn_once_while_nothing_changes(room: Room) -> None:
    board = board_of(room)
    first = board.now([AGENT], [X, Y])
    assert board.now([AGENT], [Y, X]) is first
    room.clock.advance(3600)
    assert board.now([AGENT], [X, Y]) is first


def test_a_suspension_is_seen_at_once(room: Room) -> None:
    board = board_of(room)
    assert state_of(board) is State.OPEN
    room.registry.suspend(DocumentId("accreditation/agentE"), by=PersonId("dpo"), reason="essai")
    assert state_of(board) is State.REFUSED


def test_the_morning_begins_another_night(room: Room) -> None:
    board = board_of(room)
    first = board.now([AGENT], [X])
    room.clock.advance((first.span.end - first.span.start).total_seconds())
    second = board.now([AGENT], [X])
    assert second.span.start == first.span.end
    assert second.span.end - second.span.start == timedelta(days=1)


def test_everybody_is_drawn_in_the_background(room: Room) -> None:
    board = board_of(room)
    everybody = sorted(room.registry.facts().persons)
    assert isinstance(board.soon(everybody, [X, Y], patience_s=0), Drawing)
    matrix = board.soon(everybody, [X, Y], patience_s=60)
    assert isinstance(matrix, Matrix)
    assert set(matrix.persons) == set(everybody)
    assert matrix.courses == board.now(everybody, [X, Y]).courses
    assert board.soon(everybody, [X, Y]) is matrix


def test_a_closed_board_draws_nothing_more(room: Room) -> None:
    board = board_of(room)
    board.close()
    assert board.soon([AGENT], [X, Y]) == Drawing(0, 2)
    assert board.soon([AGENT], [X, Y]) == Drawing(0, 2)
