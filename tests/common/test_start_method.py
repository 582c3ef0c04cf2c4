"""How workers are started: a process with more than one thread is not forked."""

import subprocess
import sys
import threading

from sharegpt_argilla.common import executors


def test_a_process_with_threads_is_not_forked() -> None:
    end = threading.Event()
    other = threading.Thread(target=end.wait)
    other.start()
    try:
        assert executors._start_method() == "spawn"
    finally:
        end.set()
        other.join()


def test_a_process_with_one_thread_is_forked() -> None:
    code = "from sharegpt_argilla.common.executors import _start_method; print(_start_method())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "fork\n"
