"""A real SLURM cluster of one node with two stand-in GPUs, in a folder of its own.

munged, slurmctld and slurmd run as whoever starts them, on free ports, and end with the cluster.
"""

import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel")
MUNGE_FILES = ("key", "pid", "log", "seed")
CPUS = 2
LIMIT = 600  # seconds, for what hangs

SLURM_CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={slurmctld_port}
SlurmdPort={slurmd_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=15
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
TaskProlog={folder}/task_prolog
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,bf_interval=1
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/jobs.txt
MinJobAge=3600
KillWait=2
ReturnToService=2
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=20000 Gres=gpu:2 Feature=fast
PartitionName=main Nodes={host} Default=YES MaxTime=1-0 State=UP
PartitionName=other Nodes={host} MaxTime=1-0 State=UP
"""

# The executor plugin starts steps without the variables of SLURM, this one among them.
SRUN = """\
#!/bin/sh
SLURM_CONF={folder}/slurm.conf exec {srun} "$@"
"""

# What a task sees is noted down by SLURM itself, before the task's program starts.
TASK_PROLOG = """\
#!/bin/sh
echo "$SLURM_JOB_ID ${{CUDA_VISIBLE_DEVICES:-none}}" >> {folder}/devices.txt
"""


class Cluster:
    """The cluster; its commands and `snakemake` find it by way of `environment`."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.host = socket.gethostname().split(".")[0]
        self.environment = {
            **os.environ,
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
        }

    def start(self) -> None:
        """Start the three daemons and wait until the node can take jobs."""
        values = {
            "folder": self.folder,
            "host": self.host,
            "user": pwd.getpwuid(os.getuid()).pw_name,
            "slurmctld_port": _free_port(),
            "slurmd_port": _free_port(),
            "srun": shutil.which("srun"),
            "cpus": CPUS,
        }
        for name in ("state", "spool", "bin"):
            (self.folder / name).mkdir()
        (self.folder / "slurm.conf").write_text(SLURM_CONF.format(**values))
        (self.folder / "gres.conf").write_text("Name=gpu File=/dev/null\nName=gpu File=/dev/zero\n")
        for name, script in (("task_prolog", TASK_PROLOG), ("bin/srun", SRUN)):
            (self.folder / name).write_text(script.format(**values))
            (self.folder / name).chmod(0o755)
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        files = [f"--{name}-file={key.with_suffix(f'.{name}')}" for name in MUNGE_FILES]
        self.run("munged", "--force", f"--socket={key.with_suffix('.socket')}", *files)
        self.run("slurmctld")
        self.start_node()

    def start_node(self) -> None:
        """Start the node's daemon and wait until the node can take jobs."""
        self.run("slurmd")
        wait_for(lambda: re.search(r"State=(IDLE|MIXED|ALLOCATED) ", self.show("node")))

    def stop_node(self) -> None:
        """Kill the node's daemon and all that it runs, as when a node loses its power."""
        _kill(self.folder / "slurmd.pid", signal.SIGKILL)
        for process in Path("/proc").glob("[0-9]*"):
            if self._belongs(process):
                os.kill(int(process.name), signal.SIGKILL)

    def _belongs(self, process: Path) -> bool:
        """Say whether a process is a step's daemon or was started by one of this cluster."""
        try:
            command = (process / "cmdline").read_bytes()
            environment = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            return False
        ours = f"SLURM_CONF={self.folder}/slurm.conf".encode() in environment
        in_a_job = any(name.startswith(b"SLURM_JOB_ID=") for name in environment)
        return ours and (in_a_job or b"slurmstepd" in command)

    def stop(self) -> None:
        """Stop everything."""
        subprocess.run(["scancel", "--state=RUNNING"], env=self.environment, capture_output=True)
        self.stop_node()
        for name in ("slurmctld", "munge"):
            _kill(self.folder / f"{name}.pid", signal.SIGTERM)

    def run(self, *command: str) -> str:
        """Run one of SLURM's programs and return what it prints."""
        program = shutil.which(command[0], path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        done = subprocess.run(
            [program, *command[1:]],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout

    def show(self, kind: str) -> str:
        """Return what the controller knows about all nodes or jobs, one a line."""
        return self.run("scontrol", "show", kind, "--details", "--oneliner")

    def jobs(self, after: int = 0) -> list[dict[str, str]]:
        """Return what the controller recorded of each job whose number is higher than `after`."""
        lines = self.show("job").splitlines() if "JobId=" in self.show("job") else []
        fields = re.compile(r"(\S+?)=(.*?)(?= \S+?=|$)")
        jobs = [{key: value.strip() for key, value in fields.findall(line)} for line in lines]
        return [job for job in jobs if int(job["JobId"]) > after]

    def last_job(self) -> int:
        """Return the number of the job that was submitted last."""
        return max((int(job["JobId"]) for job in self.jobs()), default=0)

    def devices(self, job: str) -> set[str]:
        """Return the values of CUDA_VISIBLE_DEVICES that a job's tasks saw."""
        lines = (self.folder / "devices.txt").read_text().splitlines()
        return {line.split()[1] for line in lines if line.split()[0] == job}


def missing() -> str | None:
    """Say which of SLURM's programs are not installed, if any."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    names = [name for name in PROGRAMS if not shutil.which(name, path=path)]
    return f"not installed: {', '.join(names)} (Debian: slurm-wlm, munge)" if names else None


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something is so.

    Raises
    ------
    TimeoutError
        If it is not so for minutes.
    """
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not so within {LIMIT} seconds: {condition}")
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _kill(pid_file: Path, number: int) -> None:
    with contextlib.suppress(OSError, ValueError):
        os.kill(int(pid_file.read_text()), number)
