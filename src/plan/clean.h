/* Left-overs of earlier jobs: what could not be undone when a host was away. */
#pragma once

#include "plan/run.h"

/* Undo the stored plan of a job that has ended without success.  ERR_REFUSED while it runs or when
 * it succeeded; ERR_REMOTE when something is still left. */
enum err_code clean_job(struct run *r, int64_t job_id, struct err *e);
/* Clean after every job that the hosts' facts name in "jobs_left"; *CLEANED tells whether there was
 * anything, so that facts must be asked again. */
enum err_code clean_left_jobs(struct run *r, const struct json *nodes, bool *cleaned,
                              struct err *e);
