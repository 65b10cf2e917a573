/* mount and unmount on a plain host: a 9P tree by FUSE. */
#ifndef CMD_HOSTMOUNT_H
#define CMD_HOSTMOUNT_H

/* hostmount is `mount [flags] addr dir`, with argv as main has it; it returns the exit status. */
int hostmount(int argc, char **argv);

/* hostunmount is `unmount dir`. */
int hostunmount(int argc, char **argv);

#endif
