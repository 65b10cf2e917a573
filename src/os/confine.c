/*
 * A filter of system calls (seccomp(2)) forbids what makes or enters name
 * spaces and file systems.  Another process's files are reached through its
 * /proc/N/root too, and it can be traced: Linux forbids that to whoever lacks
 * a capability that the other has, so one is given up that nobody misses.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <base/err.h>
#include <os/confine.h>
#include <os/io.h>

#if defined __x86_64__
enum { ARCH = AUDIT_ARCH_X86_64, X32 = 0x40000000 };
#elif defined __aarch64__
enum { ARCH = AUDIT_ARCH_AARCH64, X32 = 0x40000000 };
#else
#error "which AUDIT_ARCH is this?"
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ARG(n) LOAD(args[n]) /* the low half, on these machines */
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE(no) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (no))
#define IF(op, value, yes, no) BPF_JUMP(BPF_JMP | BPF_K | (op), value, yes, no)

/* the five instructions for call nr: refused if its argument n has one of bits, or (BPF_JEQ) is not equal */
#define FORBID(nr, n, op, value, hit, miss) \
	IF(BPF_JEQ, nr, 0, 4), ARG(n), IF(op, value, hit, miss), REFUSE(EPERM), ALLOW

static const struct sock_filter filter[] = {
	LOAD(arch),
	IF(BPF_JEQ, (u32)ARCH, 1, 0),
	REFUSE(EPERM),
	LOAD(nr),
	IF(BPF_JGE, X32, 0, 1),
	REFUSE(ENOSYS),
	/* a new file system is what none of these flags is given for */
	FORBID(SYS_mount, 3, BPF_JSET, MS_BIND | MS_MOVE | MS_REMOUNT | MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE, 1, 0),
	FORBID(SYS_setns, 1, BPF_JEQ, CLONE_NEWNET, 1, 0),
	FORBID(SYS_unshare, 0, BPF_JSET, CLONE_NEWUSER, 0, 1),
	FORBID(SYS_clone, 0, BPF_JSET, CLONE_NEWUSER, 0, 1),
	IF(BPF_JEQ, 435 /* clone3, the flags of which are in memory */, 0, 1),
	REFUSE(ENOSYS),
	IF(BPF_JEQ, 430 /* fsopen */, 0, 1),
	REFUSE(EPERM),
	IF(BPF_JEQ, 432 /* fsmount */, 0, 1),
	REFUSE(EPERM),
	IF(BPF_JEQ, 433 /* fspick */, 0, 1),
	REFUSE(EPERM),
	ALLOW,
};

/* give_up takes capability c from this process and from what it executes. */
static int give_up(int c)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	if (prctl(PR_CAPBSET_DROP, c, 0, 0, 0) < 0 || syscall(SYS_capget, &h, d) < 0)
		return os_werr("capabilities");
	d[c / 32].effective &= ~(1u << c % 32);
	d[c / 32].permitted &= ~(1u << c % 32);
	d[c / 32].inheritable &= ~(1u << c % 32);
	return syscall(SYS_capset, &h, d) < 0 ? os_werr("capabilities") : 0;
}

int confine_mounts(void)
{
	struct sock_fprog p = { .len = sizeof filter / sizeof *filter, .filter = (struct sock_filter *)(uintptr_t)filter };

	if (give_up(CAP_SYS_PTRACE) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p, 0, 0) < 0 ? os_werr("seccomp") : 0;
}
