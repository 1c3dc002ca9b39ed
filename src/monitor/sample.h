/* What one node said of itself in one round of probes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pg/lsn.h"

#define SAMPLE_SENDERS_MAX 64
#define SAMPLE_SLOTS_MAX   64

struct sender_sample {
	int64_t pid;
	char state[16]; /* startup, catchup, streaming, backup, stopping */
	pg_lsn sent, flushed, replayed;
	int64_t reply_age_ms; /* -1: not known */
};

/* What changes only with the process: asked for when a new process is seen. */
struct sender_name {
	int64_t pid;
	char application_name[64];
	char client_addr[64];
	bool tls;
};

struct slot_sample {
	char name[64];
	bool active, physical;
	pg_lsn restart_lsn;
	char wal_status[16];
	int64_t retained_bytes, safe_bytes; /* -1: not known */
};

struct receiver_sample {
	bool present;
	char status[16]; /* "" when we may not see it */
	char sender_host[256];
	int64_t sender_port;
	char conninfo[1024];
	pg_lsn received, latest_end;
	int64_t timeline;
	int64_t message_age_ms; /* -1: not known */
};

struct node_sample {
	int64_t at_ms; /* monotonic; 0: never */
	int version_num;
	char version[64], system_identifier[24];
	bool in_recovery, readonly;
	bool is_paused, pause_requested;
	char pause_state[24];
	pg_lsn current, received, replayed;
	int64_t timeline, control_timeline;
	int64_t uptime_s;
	int64_t last_commit_age_ms; /* of the last replayed one; -1: not known */
	struct receiver_sample receiver;
	struct sender_sample *senders; /* owned, as the two below */
	size_t n_senders;
	struct sender_name *names;
	size_t n_names;
	struct slot_sample *slots;
	size_t n_slots;
};

void sample_release(struct node_sample *s);
/* The sender's name, NULL when it has not been asked for yet. */
const struct sender_name *sample_sender_name(const struct node_sample *s, int64_t pid);
/* Every sender has its name. */
bool sample_knows_senders(const struct node_sample *s);
/* Where the standby has received to: what the receiver says, else what the server says. */
pg_lsn sample_received(const struct node_sample *s);
int64_t sample_timeline(const struct node_sample *s);
