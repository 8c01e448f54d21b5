"""What is read, changed and written again is changed by one at a time, whoever they are: no change is lost."""

import errno
import fcntl
import os
from contextlib import contextmanager
from threading import Thread

import pytest

from alma_cli.config import set_value
from alma_cli.flock import holding
from alma_cli.hooks.install.changes import InstallRecord, WriteFile, applied
from alma_cli.hooks.junit.changed import keep_failing, load_failing
from alma_cli.hooks.junit.files import Reports
from alma_cli.hooks.learn_from_run import Ran, learn_from
from alma_cli.hooks.run import Ended
from alma_cli.project import find_project


@contextmanager
def while_somebody_changes(folder, doing):
    """Run this in a thread that finds the folder held, and let it go on after the block."""
    late = Thread(target=doing)
    with holding(os.fspath(folder)):
        late.start()
        late.join(0.05)
        yield
    late.join()


def test_two_values_that_are_set_at_once_are_both_in_the_configuration(project):
    file = project / ".alma/config.yaml"
    with while_somebody_changes(file.parent, lambda: set_value(file, "retrieval.top_k", ["3"], {})):
        file.write_text(file.read_text() + "  wait_s: 7\n")
    assert ["wait_s: 7", "top_k: 3"] == [line.strip() for line in file.read_text().splitlines() if line[-1:] in "73"]


def test_two_that_install_at_once_are_both_in_the_record(project):
    backup = project / ".alma/backup"
    one = [WriteFile(str(project / "one"), b"# alma hook")]
    with while_somebody_changes(backup.parent, lambda: applied(one, backup)):
        record = InstallRecord.load(backup)
        record.note_before(WriteFile(str(project / "other"), b"# alma hook"))
        record.save()
    assert {"one", "other"} == InstallRecord.load(backup).files.keys()


def test_two_reports_that_are_read_at_once_leave_the_state_of_both(project):
    ran, ended, reports = Ran(command=["make"]), Ended(1, 0, 1, ""), Reports(["report.xml"])
    (project / "report.xml").write_text(
        '<testsuite><testcase classname="a" name="mine"><failure message="x"/></testcase></testsuite>'
    )
    with while_somebody_changes(project / ".alma", lambda: learn_from(ran, ended, directory=None, reports=reports)):
        keep_failing(find_project(project, environ={}), {"theirs"})
    assert {"a::mine", "theirs"} == load_failing(find_project(project, environ={}))


@pytest.mark.parametrize("number", [errno.EBADF, errno.ENOLCK, errno.EACCES])
def test_where_a_folder_cannot_be_locked_the_work_is_done_all_the_same(project, monkeypatch, number):
    def refused(descriptor, mode):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refused)
    set_value(project / ".alma/config.yaml", "wait_s", ["7"], {})
    assert "wait_s: 7" in (project / ".alma/config.yaml").read_text()


def test_who_holds_a_folder_for_ever_stops_nobody_for_ever(tmp_path):
    done = []
    with holding(os.fspath(tmp_path)), holding(os.fspath(tmp_path), wait_s=0):
        done.append(True)
    assert [True] == done
