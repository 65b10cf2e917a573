/*
 * Error strings, Plan 9's way: a function that fails returns -1 (or NULL)
 * and leaves the reason in a string that belongs to the calling thread.
 * The table below is the one place that gives each standard error its
 * Plan 9 text and its errno; only os/ (errno to text) and fuse/ (text to
 * errno) use the errno column.  Where Plan 9 has several texts for one thing,
 * the table has the one that Linux's v9fs knows too.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <errno.h>
#include <base/u.h>

enum { ERRMAX = 256 }; /* bytes of an error string with its NUL */

/* to add a standard error: one row; the first row with an errno answers for it */
#define ERRTABLE(X) \
	X(Enone, "", 0) \
	X(Eperm, "permission denied", EACCES) \
	X(Enotowner, "not owner", EPERM) \
	X(Enonexist, "file does not exist", ENOENT) \
	X(Eexist, "file already exists", EEXIST) \
	X(Enotdir, "not a directory", ENOTDIR) \
	X(Eisdir, "file is a directory", EISDIR) \
	X(Enotempty, "directory is not empty", ENOTEMPTY) \
	X(Einuse, "device or object already in use", EBUSY) \
	X(Eio, "i/o error", EIO) \
	X(Ebadarg, "bad arg in system call", EINVAL) \
	X(Ebadctl, "unknown control request", EINVAL) \
	X(Ebadchar, "bad character in file name", EINVAL) \
	X(Etoolong, "name too long", ENAMETOOLONG) \
	X(Etoosmall, "read or write too small", EINVAL) \
	X(Etoobig, "read or write too large", EFBIG) \
	X(Efilebig, "file too big", EFBIG) \
	X(Ebadoffset, "bad offset in directory read", EINVAL) \
	X(Eintr, "interrupted", EINTR) \
	X(Etimedout, "connection timed out", ETIMEDOUT) \
	X(Econrefused, "connection refused", ECONNREFUSED) \
	X(Eaddrinuse, "address in use", EADDRINUSE) \
	X(Enotlocal, "not a local IP address", EADDRNOTAVAIL) \
	X(Ehostdown, "no route to host", EHOSTUNREACH) \
	X(Enotrans, "can't translate address", EDESTADDRREQ) \
	X(Enoroute, "no route", ENETUNREACH) \
	X(Ehungup, "i/o on hungup channel", EPIPE) \
	X(Eshutdown, "device shut down", ENODEV) \
	X(Enodev, "unknown device in # filename", ENXIO) \
	X(Enofreedev, "no free devices", EAGAIN) \
	X(Ebadusefd, "inappropriate use of fd", EBADF) \
	X(Enofd, "no free file descriptors", EMFILE) \
	X(Enoproc, "process exited", ESRCH) \
	X(Enomem, "not enough memory", ENOMEM) \
	X(Enospace, "file system is full", ENOSPC) \
	X(Erdonly, "read only file system", EROFS) \
	X(Enoattach, "mount/attach disallowed", EPERM) \
	X(Enotmounted, "not mounted", EINVAL) \
	X(Ebadmount, "inconsistent mount", EINVAL) \
	X(Exdev, "cannot rename across directories", EXDEV) \
	X(Elocked, "exclusive lock", EBUSY) \
	X(Enocreate, "create prohibited", EACCES) \
	X(Enounioncreate, "mounted directory forbids creation", EACCES) \
	X(Enotunion, "not in union", EINVAL) \
	X(Enoremove, "remove prohibited", EACCES) \
	X(Enowrite, "write prohibited", EACCES) \
	X(Enostat, "stat prohibited", EACCES) \
	X(Enowstat, "wstat prohibited", EACCES) \
	X(Enowalk, "walk prohibited", EACCES) \
	X(Enoauth, "authentication not required", EACCES) \
	X(Eauthfail, "authentication failed", EACCES) \
	X(Eunknownfid, "unknown fid", EBADF) \
	X(Edupfid, "duplicate fid", EBADF) \
	X(Edupreq, "duplicate tag", EIO) \
	X(Enotopen, "fid not open for i/o", EBADF) \
	X(Ealreadyopen, "fid already open", EBADF) \
	X(Ebotch, "9P protocol botch", EPROTO) \
	X(Ebusy, "too much activity", EAGAIN) \
	X(Enotimpl, "not implemented", ENOSYS)

typedef enum Err {
#define X(name, text, no) name,
	ERRTABLE(X)
#undef X
	NERR
} Err;

/* werrstr sets the calling thread's error string and returns -1; long texts are cut at a rune. */
int werrstr(const char *fmt, ...) printf_like(1, 2);

/* errset sets the standard error e as the calling thread's error string and returns -1. */
int errset(Err e);

/* errnull is errset for functions that return a pointer: it returns NULL. */
void *errnull(Err e);

/* rerrstr returns the calling thread's error string, never NULL, valid until the thread's next failure. */
const char *rerrstr(void);

/* errtext returns the Plan 9 text of e, a constant. */
const char *errtext(Err e);

/* errcode finds the standard error that text s is or contains ("'x' file does not exist"), NERR if none. */
Err errcode(const char *s);

/* err_errno gives the errno that stands for error string s, EIO for an unknown one; for fuse/. */
int err_errno(const char *s);

/* err_fromerrno gives the standard error for an errno, Eio for an unknown one; for os/. */
Err err_fromerrno(int no);

#endif
