/*
 * The text behind an errno.  A file of a node that is served through FUSE
 * refuses with Plan 9's text, of which Linux hands on only a number; the
 * kernel process keeps the text for the thread that was refused, which
 * reads it from a file.
 */
#ifndef OS_ERRSTR_H
#define OS_ERRSTR_H

#include <base/err.h>

/* os_errstr has os_reason ask file (NULL: nobody), whose server must never be this process or wait for it. */
void os_errstr(const char *file);

/* os_hastext says whether there may be more to tell than errno no does: the text is asked for, and worth keeping. */
bool os_hastext(int no);

/*
 * os_reason returns why the thread's last system call failed with errno no: the text that the file has for that, or
 * Plan 9's own for the number, or Linux's; it is a constant or in buf.
 */
const char *os_reason(int no, char buf[ERRMAX]);

#endif
