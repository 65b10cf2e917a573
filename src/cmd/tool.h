/*
 * What every small command uses: Plan 9's flags, messages with the
 * command's name, users' names.  A command is `usage` on standard error and
 * status 2 for bad flags, status 1 for a failure; --help prints the usage
 * and ends well.
 */
#ifndef CMD_TOOL_H
#define CMD_TOOL_H

#include <stdio.h>
#include <base/u.h>
#include <base/err.h>
#include <os/io.h>

typedef struct Args {
	int argc; /* what is left after the flags, once args_flag has returned 0 */
	char **argv;
	const char *usage;
	char *p; /* within a cluster of flags */
} Args;

/* args_init begins with a command's arguments; usage is what follows "usage: " and stays the caller's.  SIGPIPE kills again. */
void args_init(Args *a, int argc, char **argv, const char *usage);

/* args_flag returns the next flag's letter, 0 at their end; it does not return for --help. */
int args_flag(Args *a);

/* args_value returns the current flag's value; it does not return if there is none. */
char *args_value(Args *a);

/* args_number is args_value as a decimal number in [min, max]; it does not return if it is not one. */
i64 args_number(Args *a, i64 min, i64 max);

/* args_usage prints the usage and ends with status 2. */
void args_usage(const Args *a) __attribute__((noreturn));

/* tool_name is the command's name as in the usage. */
extern char tool_name[32];

/* tool_warn prints "name: text" on standard error, after flushing standard output. */
void tool_warn(const char *fmt, ...) printf_like(1, 2);

/* tool_die is tool_warn and the end with status 1. */
void tool_die(const char *fmt, ...) printf_like(1, 2) __attribute__((noreturn));

/* tool_oops warns with "what: reason" of the system call that has just failed; tool_oopsdie ends then. */
#define tool_oops(...) ((void)os_werr(__VA_ARGS__), tool_warn("%s", rerrstr()))
#define tool_oopsdie(...) ((void)os_werr(__VA_ARGS__), tool_die("%s", rerrstr()))

/* tool_end flushes standard output and returns status, or 1 if something could not be written. */
int tool_end(int status) must_use;

/* tool_user and tool_group return the name of an id (from /etc/passwd, /etc/group) or its digits, valid until the next call. */
const char *tool_user(u32 uid);
const char *tool_group(u32 gid);

/* tool_ticks has a signal end any system call that waits, every ms milliseconds ("interrupted"). */
void tool_ticks(int ms);

/* tool_path is the Linux path of a file argument: in a node "#s/x" is /#/s/x; NULL with an error, else owned by the caller. */
char *tool_path(const char *name) must_use;

/* tool_post posts fd as /srv/name, which must not be there, with that mode; -1 after a warning. */
int tool_post(const char *name, u32 mode, int fd) must_use;

/* tool_input opens a file for reading, "-" meaning standard input; NULL after a warning. */
FILE *tool_input(const char *path) must_use;

#endif
