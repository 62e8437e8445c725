/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KVMBED_HOT_H
#define KVMBED_HOT_H

/*
 * A function on the way of every exit. The linker puts these side by side: the
 * guest has taken the caches and the TLB, so what an exit costs on top of
 * KVM_RUN is mostly the number of pages that it touches.
 */
#define HOT __attribute__((hot))

#endif
