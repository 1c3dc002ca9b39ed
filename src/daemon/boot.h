/* What a child of the supervisor does first. */
#pragma once

#include "base/err.h"
#include "daemon/channel.h"
#include "daemon/config.h"

#define BOOT_EXIT_CONFIG 78 /* EX_CONFIG: starting again would not help */

struct boot {
	struct config config;
	struct channel_msg msg; /* with the descriptors */
};

/* Failpoints and signals, as every process of ours has them. */
void boot_process(void);
/* Read the first message of the channel; ROLE names the process in log and process list. */
enum err_code boot_child(const char *role, struct boot *b, struct err *e);
void boot_release(struct boot *b);
/* Tell the supervisor that we serve. */
void boot_ready(void);
/* Do not outlive the supervisor (again after a change of user). */
void boot_follow_parent(void);
