/* Following a job until it has ended. */
#pragma once

#include "cli/cli.h"

/* Print its messages while they come; *STATUS is 0 for FINISHED, 1 for FAILED and ABORTED. */
enum err_code follow_log(struct cli *c, int64_t job_id, int *status, struct err *e);
/* Only wait, with a line of progress on a terminal. */
enum err_code follow_wait(struct cli *c, int64_t job_id, int *status, struct err *e);
/* Does this status end a job? */
bool follow_is_end(const char *status);
/* One message as a line of the log. */
void follow_print_message(const struct cli *c, const struct json *message, struct strbuf *out);
/* "Job 71 RUNNING    [█████     ]  50% Halfway through it" without a newline. */
void follow_progress(const struct screen *s, const struct json *job, struct strbuf *out);
