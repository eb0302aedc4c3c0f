#!/usr/bin/env bash
# Runs a command on a machine with several memory nodes, which QEMU emulates in software: it proves where pages and
# threads lie and which instruction set is chosen (there is no AVX-512 there), never how fast anything is.
#
#   scripts/numa-vm.sh NODES PROGRAM... -- COMMAND
#
# The programs are copied into the machine's working folder, with their libraries; COMMAND is a line for its shell,
# where SONDE_TEST_NODES is the number of nodes. Ends with the command's status; 125: the machine broke.
# Each node has two cores and 1 GiB. Debian's cloud kernel is unpacked below .build, never installed.
set -euo pipefail
cd "$(dirname "$0")/.."

cores_each=2
memory_each=1024 # MiB
limit=${NUMA_VM_SECONDS:-900}

fail() {
    echo "numa-vm: $*" >&2
    exit 125
}

[ $# -ge 3 ] || fail "usage: scripts/numa-vm.sh NODES PROGRAM... -- COMMAND"
nodes=$1
shift
programs=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    programs+=("$1")
    shift
done
[ $# -eq 2 ] || fail "one command after --"
command=$2

scripts/setup.sh qemu-system-x86 busybox-static cpio binutils
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# --- Kernel ----------------------------------------------------------------------------------------------------------

kernel=$PWD/.build/numa-vm/vmlinuz
if [ ! -e "$kernel" ]; then
    package=$(apt-cache depends linux-image-cloud-amd64 | awk '$1 == "Depends:" { print $2; exit }')
    [ -n "$package" ] || fail "no package linux-image-cloud-amd64"
    (cd "$work" && apt-get download -qq "$package") || fail "cannot download $package"
    mkdir "$work/kernel"
    dpkg-deb --fsys-tarfile "$work"/*.deb | tar -x -C "$work/kernel" --wildcards './boot/vmlinuz-*'
    mkdir -p "$(dirname "$kernel")"
    mv "$work"/kernel/boot/vmlinuz-* "$kernel"
fi

# --- Files of the machine --------------------------------------------------------------------------------------------

root=$work/root
mkdir -p "$root"/{bin,dev,etc,job,proc,root,sys,tmp}
cp /bin/busybox "$root/bin/"
echo 'root:x:0:0::/root:/bin/sh' >"$root/etc/passwd"
for program in "${programs[@]}"; do
    [ -f "$program" ] || fail "$program: no such program"
    strip --strip-debug -o "$root/job/$(basename "$program")" "$program"
    # Lines of ldd: "name => path (address)", or "path (address)" for the loader.
    ldd "$program" | grep -o '/[^ ]*' | while read -r library; do
        mkdir -p "$root$(dirname "$library")"
        [ -e "$root$library" ] || cp -L "$library" "$root$library"
    done
done
echo "$command" >"$root/job/command"

# The first serial line is the kernel's, the second the command's output, the third its status.
cat >"$root/init" <<EOF
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm
mount -t tmpfs shm /dev/shm
ln -sf /proc/self/fd /dev/fd
stty raw </dev/ttyS1
stty raw </dev/ttyS2
export HOME=/root TMPDIR=/tmp LANG=C.UTF-8 SONDE_TEST_NODES=$nodes
cd /job
sh command </dev/null >/dev/ttyS1 2>&1
echo \$? >/dev/ttyS2
poweroff -f
EOF
chmod +x "$root/init"
(cd "$root" && find . | cpio --quiet -o -H newc) >"$work/files"

# --- The machine -----------------------------------------------------------------------------------------------------

arguments=(-nodefaults -no-user-config -no-reboot -display none -machine q35 -accel tcg,thread=multi -cpu max
    -smp $((nodes * cores_each)) -m $((nodes * memory_each))M)
for ((node = 0; node < nodes; node++)); do
    first=$((node * cores_each))
    arguments+=(-object "memory-backend-ram,id=memory$node,size=${memory_each}M"
        -numa "node,nodeid=$node,memdev=memory$node,cpus=$first-$((first + cores_each - 1))")
done
# Huge pages everywhere, not on request alone: what is bound has to stay put even so.
append="console=ttyS0 rdinit=/init panic=-1 quiet mitigations=off transparent_hugepage=always"
timeout "$limit" qemu-system-x86_64 "${arguments[@]}" \
    -kernel "$kernel" -initrd "$work/files" -append "$append" \
    -chardev "file,id=console,path=$work/console" -serial chardev:console \
    -chardev stdio,id=output,signal=off -serial chardev:output \
    -chardev "file,id=status,path=$work/status" -serial chardev:status </dev/null ||
    echo "numa-vm: the machine ended with $? (124: after $limit seconds)" >&2

status=$(tr -dc 0-9 <"$work/status" 2>/dev/null || true)
if [ -z "$status" ]; then
    tail -n 30 "$work/console" >&2 || true
    fail "no status from the machine with $nodes nodes"
fi
exit "$status"
