/* The unprivileged process that parses bytes from the network. */
#pragma once

/* Runs as a child of the supervisor (channel on descriptor 3); gives the exit code. */
int api_main(void);
