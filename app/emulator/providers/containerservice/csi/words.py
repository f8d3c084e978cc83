"""How the file driver says that it could not mount."""

from app.emulator.core.file_shares import Refusal
from app.emulator.kubernetes.mounting import Mount

_MANUAL = "Refer to the mount.cifs(8) manual page (e.g. man mount.cifs) and kernel log messages (dmesg)"
_HELP = "\nPlease refer to http://aka.ms/filemounterror for possible causes and solutions for mount errors."
_SMB = {
    Refusal.UNKNOWN_HOST: "mount error: could not resolve address for {host}: Unknown error",
    Refusal.NO_ROUTE: f"mount error(115): Operation now in progress\n{_MANUAL}",
    Refusal.DENIED: f"mount error(13): Permission denied\n{_MANUAL}",
    Refusal.NO_SHARE: f"mount error(2): No such file or directory\n{_MANUAL}",
}
_NFS = {
    Refusal.UNKNOWN_HOST: "mount.nfs: Failed to resolve server {host}: Name or service not known",
    Refusal.NO_ROUTE: "mount.nfs: Connection timed out",
    Refusal.DENIED: "mount.nfs: access denied by server while mounting {source}",
    Refusal.NO_SHARE: "mount.nfs: mounting {source} failed, reason given by server: No such file or directory",
}
_WINDOWS = {
    Refusal.UNKNOWN_HOST: "The network path was not found.",
    Refusal.NO_ROUTE: "The network path was not found.",
    Refusal.DENIED: "The specified network password is not correct.",
    Refusal.NO_SHARE: "The network name cannot be found.",
}
INVALID_ARGUMENT = f"mount error(22): Invalid argument\n{_MANUAL}"
_SMB_DEFAULTS = ("file_mode=0777", "dir_mode=0777", "actimeo=30", "mfsymlinks")


def of_linux(mount: Mount, host: str, source: str, refusal: Refusal, *, nfs: bool) -> str:
    """The refusal of `mount` on a Linux node."""
    output = (_NFS if nfs else _SMB)[refusal].format(host=host, source=source)
    return of_output(mount, source, output, nfs=nfs)


def of_output(mount: Mount, source: str, output: str, *, nfs: bool) -> str:
    """What `mount` has said, as the driver repeats it; the key is masked."""
    if nfs:
        kind, options = "nfs", [*mount.options, "vers=4,minorversion=1,sec=sys"]
        status = 32
    else:
        given = {option.partition("=")[0] for option in mount.options}
        added = [option for option in _SMB_DEFAULTS if option.partition("=")[0] not in given]
        kind, options = "cifs", [*mount.options, *added, "<masked>"]
        status = 32
    said = (
        f"mount failed: exit status {status}\nMounting command: mount\n"
        f"Mounting arguments: -t {kind} -o {','.join(options)} {source} {mount.path}\nOutput: {output}\n"
    )
    return internal(f"volume({mount.handle}) mount {source} on {mount.path} failed with {said}{_HELP}")


def of_windows(mount: Mount, source: str, refusal: Refusal) -> str:
    """The refusal of `New-SmbGlobalMapping` on a Windows node."""
    said = (
        "smb mapping failed with error: rpc error: code = Unknown desc = NewSmbGlobalMapping failed. "
        f'output: "New-SmbGlobalMapping : {_WINDOWS[refusal]}", err: exit status 1'
    )
    return internal(f'volume({mount.handle}) mount "{source}" on "{mount.path}" failed with {said}{_HELP}')


def internal(text: str) -> str:
    """A refusal of the driver itself, as the kubelet shows it."""
    return f"rpc error: code = Internal desc = {text}"


def invalid(text: str) -> str:
    """A refusal of what was asked."""
    return f"rpc error: code = InvalidArgument desc = {text}"
