/*
 * Reading directories.  9P reads one from the start onwards only, Linux
 * seeks in it: a File keeps the entries it has seen since the last rewind.
 * The cookie of entry i is i + 2; "." and ".." come first.
 */
#include "impl.h"
#include <base/mem.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>

enum { DOTS = 2 };

typedef struct Ent {
	u64 ino;
	u32 type, len;
} Ent;

/* put adds an entry at out[n] unless it does not fit in size. */
static size_t put(char *out, size_t n, size_t size, const Ent *e, const char *name, u64 next)
{
	struct fuse_dirent de = {.ino = e->ino, .off = next, .namelen = e->len, .type = e->type};
	size_t len = FUSE_DIRENT_SIZE(&de);

	if (n + len > size)
		return 0;
	memset(out + n, 0, len);
	memcpy(out + n, &de, FUSE_NAME_OFFSET);
	memcpy(out + n + FUSE_NAME_OFFSET, name, e->len);
	return len;
}

/* entry finds what cookie stands for. */
static const char *entry(File *file, u64 cookie, Ent *e)
{
	const char *p;

	if (cookie < DOTS) {
		*e = (Ent){cookie == 0 || file->node->parent == NULL ? file->node->id : file->node->parent->id, DT_DIR,
			   (u32)cookie + 1};
		return "..";
	}
	p = file->ents.p + file->entoff[cookie - DOTS];
	memcpy(e, p, sizeof *e);
	return p + sizeof *e;
}

static bool usable(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= NAME_MAX && strchr(name, '/') == NULL && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static void keep(Fuse *f, File *file, const Dir *d)
{
	Ent e = {node_ino(f, file->node, d),
		 d->mode & DMDIR       ? DT_DIR
		 : d->mode & DMSYMLINK ? DT_LNK
				       : DT_REG,
		 (u32)strlen(d->name)};

	if ((file->nent & (file->nent - 1)) == 0 && (file->nent == 0 || file->nent >= 16))
		file->entoff = mem_grow(file->entoff, file->nent == 0 ? 16 : file->nent * 2, sizeof *file->entoff);
	file->entoff[file->nent++] = file->ents.n;
	buf_add(&file->ents, &e, sizeof e);
	buf_add(&file->ents, d->name, e.len);
}

static bool answer(Op *op, int no, size_t n)
{
	__atomic_store_n(&op->file->busy, false, __ATOMIC_RELEASE);
	return no != 0 ? op_error(op, no) : op_reply(op, op->out + DIRBUF, n);
}

static bool got(Op *op);

/* fill answers with what is known from the cookie on, or reads more. */
static bool fill(Op *op)
{
	struct fuse_read_in *in = op_arg(op, sizeof *in);
	size_t size = in->size < DIRBUF ? in->size : DIRBUF, n = 0, len;
	File *file = op->file;
	u64 c;

	for (c = in->offset; c < file->nent + DOTS; c++, n += len) {
		Ent e;
		const char *name = entry(file, c, &e);

		len = put(op->out + DIRBUF, n, size, &e, name, c + 1);
		if (len == 0)
			return answer(op, n == 0 ? EINVAL : 0, n);
	}
	if (n >= size / 2 || file->eof)
		return answer(op, 0, n);
	return op_read(op, file->fid, op->out, DIRBUF, file->diroff, got);
}

static bool got(Op *op)
{
	u32 n = op->req.o.count, off = 0;
	File *file = op->file;

	if (op_failed(op))
		return answer(op, op_errno(op), 0);
	if (n > DIRBUF)
		return answer(op, EIO, 0);
	file->eof = n == 0;
	while (off < n) {
		Dir d;
		int len = dir_decode((u8 *)op->out + off, n - off, &d);

		if (len < 0)
			return answer(op, EIO, 0);
		if (usable(d.name))
			keep(op->f, file, &d);
		off += (u32)len;
	}
	file->diroff += n;
	return fill(op);
}

bool do_readdir(Op *op)
{
	struct fuse_read_in *in = op_arg(op, sizeof *in);
	File *file = op->file = file_get(op->f, in->fh);

	if (file == NULL)
		return op_error(op, EBADF);
	if ((file->fid->qid.type & QTDIR) == 0)
		return op_error(op, ENOTDIR);
	if (op_out(op, 2 * DIRBUF) == NULL)
		return op_error(op, ENOMEM);
	if (__atomic_exchange_n(&file->busy, true, __ATOMIC_ACQUIRE))
		return op_error(op, EBUSY);
	if (in->offset == 0) {
		file->ents.n = file->nent = 0;
		file->diroff = 0;
		file->eof = false;
	}
	return fill(op);
}
