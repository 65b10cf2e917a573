/* What the files of the command 9p share. */
#ifndef CMD_9P_H
#define CMD_9P_H

#include <client/client.h>
#include "tool.h"

typedef struct NinepList {
	bool d, l, json; /* as the flags of ls */
} NinepList;

/* ninep_list lists a's paths below root, "/" if there are none; it returns 1 if one of them failed. */
int ninep_list(CFid *root, Args *a, const NinepList *flag);

/* ninep_warn warns that path failed, with the error string, and returns -1. */
int ninep_warn(const char *path);

#endif
