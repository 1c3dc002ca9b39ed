/* The process that owns the store, the jobs and the monitor. */
#pragma once

/* Runs as a child of the supervisor (channel on descriptor 3); gives the exit code. */
int engine_main(void);
