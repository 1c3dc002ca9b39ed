/* The first process: binds the sockets, starts engine and api, starts them again when they die,
 * and tells the service manager. */
#pragma once

#include "daemon/config.h"

/* Runs until TERM or INT; gives the exit code. */
int supervisor_run(const struct config *c);
