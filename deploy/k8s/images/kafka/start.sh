#!/bin/sh
# Stands in for the start of apache/kafka: a variable KAFKA_A_B is the property a.b. The storage is formatted once.
set -eu
properties=/tmp/server.properties
env | sed -n 's/^KAFKA_//p' | grep -v '^HEAP_OPTS=' | while IFS='=' read -r name value; do
  printf '%s=%s\n' "$(printf %s "$name" | tr 'A-Z_' 'a-z.')" "$value"
done > "$properties"
java() { /usr/lib/jvm/java-17-openjdk-amd64/bin/java "$@"; }
java -cp '/opt/kafka/libs/*' kafka.tools.StorageTool format --ignore-formatted \
  --cluster-id 4L6g3nShT-eMCtK--X86sw --config "$properties"
# shellcheck disable=SC2086
exec /usr/lib/jvm/java-17-openjdk-amd64/bin/java ${KAFKA_HEAP_OPTS:--Xmx512m} -cp '/opt/kafka/libs/*' kafka.Kafka "$properties"
