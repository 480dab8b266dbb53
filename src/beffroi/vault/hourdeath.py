"""Where private keys are held: hour keys die at their term, case keys at the end of their hold, each with a proof."""

from dataclasses import dataclass, field

from beffroi.vault.casekey import CaseKeyDestroyed, CaseKeys
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.keyring import HourKeyring, KeyDestroyed
from beffroi.vault.keyslots import KeyState
from beffroi.vault.term import hour_term_end_us


@dataclass
class HourReport:
    """What was destroyed. ``paused``: keys due by some clock, kept because the clock is in doubt."""

    proofs: list[KeyDestroyed] = field(default_factory=list)
    cases: list[CaseKeyDestroyed] = field(default_factory=list)
    paused: int = 0


def destroy_due_hours(keyring: HourKeyring, watch: ClockWatch, *, now_us: int) -> HourReport:
    """Destroy every hour key at its term, or pause while the clock is in doubt; log each proof.

    Raises:
        FsyncFailedError: let it end the process.
        HourDamagedError: a slot does not read back as destroyed.
    """
    report = HourReport()
    for term_days, hour in keyring.due_hours(max(now_us, watch.steady_us())):
        verdict = watch.judge(hour_term_end_us(hour, term_days, keyring.legal_tz))
        if verdict.due:
            report.proofs.append(keyring.destroy(term_days, hour, before_term=True))
        elif verdict.refuse:
            report.paused += 1
    return report


def destroy_due_cases(cases: CaseKeys, watch: ClockWatch, *, now_us: int) -> HourReport:
    """Destroy every case key at the end of its hold, or pause while the clock is in doubt.

    Raises:
        FsyncFailedError: let it end the process.
        CaseDamagedError: a slot does not read back as destroyed.
    """
    report = HourReport()
    for slot in cases.cases():
        if slot.state is KeyState.HELD:
            verdict = watch.judge(slot.until_us)
            if verdict.due:
                report.cases.append(cases.destroy(slot.case, now_us))
            elif verdict.refuse:
                report.paused += 1
    return report
