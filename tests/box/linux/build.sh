#!/bin/sh
# Builds the virtual box's kernel: user-mode Linux with the test drivers for V4L2, ALSA and KMS, all built in.
#
# usage: build.sh SOURCE-TARBALL V4L2LOOPBACK-DIR WORK-DIR OUTPUT-FILE
#
# Called by tests/box/kernel.py, which keeps the result under a hash of everything in this folder and of the
# sources. Works with linux-source 6.1 (Debian 12) and 6.12 (Debian 13). WORK-DIR must be empty and needs 3 GB.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tarball=$1 v4l2loopback=$2 work=$3 output=$4

fail() {
    echo "box kernel: $*" >&2
    exit 1
}

echo "box kernel: unpacking $(basename "$tarball")"
tar xf "$tarball" -C "$work" --strip-components=1
cd "$work"

# User-mode Linux ticks at 100 Hz, too coarse for vivid: it would pace 60 frames a second as 40.
sed -i '/^config HZ$/,/default/s/default 100$/default 1000/' arch/um/Kconfig
# Older kernels hide ALSA from user-mode Linux, for no reason that holds for snd-aloop.
sed -i 's/^if !UML$/if SOUND/' sound/Kconfig
for change in "$here"/patches/*.patch; do
    patch -p1 --fuzz=2 --silent --no-backup-if-mismatch <"$change" ||
        fail "$(basename "$change") does not apply to $(basename "$tarball"): bring it up to date"
done
# v4l2loopback gives what vivid cannot, MJPEG above all: a capture node fed by a program.
mkdir drivers/media/v4l2loopback
cp "$v4l2loopback"/*.[ch] drivers/media/v4l2loopback/ || fail "no v4l2loopback source in $v4l2loopback"
echo 'obj-y += v4l2loopback.o' >drivers/media/v4l2loopback/Makefile
# shellcheck disable=SC2016 # a Makefile's variable
echo 'obj-$(CONFIG_VIDEO_DEV) += v4l2loopback/' >>drivers/media/Makefile

echo "box kernel: configuring"
make -s ARCH=um defconfig
scripts/kconfig/merge_config.sh -m -O . .config "$here/config" >/dev/null 2>&1
make -s ARCH=um olddefconfig
grep -q '^CONFIG_HZ=1000$' .config || fail "the tick is not 1000 Hz: arch/um/Kconfig has changed"
grep -E '^CONFIG_[A-Z0-9_]+=[y0-9]' "$here/config" | while read -r wanted; do
    grep -qx "$wanted" .config || fail "option $wanted was not accepted by $(basename "$tarball")"
done

echo "box kernel: compiling"
make -s ARCH=um -j"${JOBS:-$(nproc)}" linux
nm linux | grep -q ' v4l2loopback_init_module$' || fail "v4l2loopback was not linked in"
strip -o "$output" linux
