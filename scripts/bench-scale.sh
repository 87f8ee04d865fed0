#!/usr/bin/env bash
# Measures what lies between machines, with a Postgres server and an S3 server of its own, and writes benches/scale.md.
set -eu
cd "$(dirname "$0")/.."

# Both servers end with their standard input.
coproc postgres { tests/postgres/server.sh; }
read -r DATABASES <&"${postgres[0]}"
exec {until_the_end}> >(exec "$MOTO" -B tests/bucket_server/start_moto.py >"$PWD/target/moto.address")
until BUCKETS=$(head -n 1 target/moto.address) && [ -n "$BUCKETS" ]; do sleep 0.1; done
curl --silent --fail --output /dev/null --request PUT "$BUCKETS/scale" \
    --header 'Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request'
export DATABASES BUCKETS AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
${CARGO:-cargo} bench --bench scale --locked "$@"
exec {until_the_end}>&-
rm -f target/moto.address
