#!/bin/sh
# The password comes from Secrets Manager; on the command line every process could read it, so it goes in by standard input.
printf 'bind 0.0.0.0\nprotected-mode no\nsave ""\nrequirepass %s\n' "$REDIS_PASSWORD" | exec redis-server -
