#!/usr/bin/env bash
# Reads the public rule repositories and builds a snapshot of them: tools/rebuild_snapshot.sh CORPORA OUT
# CORPORA: a folder for the checkouts. OUT gets catalog_snapshot/ and changes.md, what it learned since the one in this checkout.
# SIFTLINT_GIT: where repositories are fetched from (default: GitHub).
set -euo pipefail
corpora=$1 out=$2
here=$(cd "$(dirname "$0")/.." && pwd)
from=${SIFTLINT_GIT:-https://github.com}
mkdir -p "$corpora" "$out"

# vendor, repository, licence, folders
while read -r vendor repository licence folders; do
  IFS=, read -ra wanted <<< "$folders"
  git clone --quiet --depth 1 --filter=blob:none --sparse "$from/$repository.git" "$corpora/$vendor"
  git -C "$corpora/$vendor" sparse-checkout set "${wanted[@]//+/ }"
  printf '%s\t%s\t%s\t%s\t%s\n' "$vendor" "$repository" "$(git -C "$corpora/$vendor" rev-parse HEAD)" \
    "$(git -C "$corpora/$vendor" log -1 --format=%cs)" "$licence" >> "$corpora/rows.tsv"
done <<'REPOSITORIES'
sigma SigmaHQ/sigma DRL-1.1 rules,rules-compliance,rules-emerging-threats,rules-placeholder,rules-threat-hunting,deprecated,unsupported
elastic elastic/detection-rules Elastic-2.0 rules,rules_building_block
splunk splunk/security_content Apache-2.0 detections,macros,data_sources
kusto Azure/Azure-Sentinel MIT Detections,Hunting+Queries,Solutions
yaral chronicle/detection-rules Apache-2.0 rules,tools
REPOSITORIES
{ printf 'vendor\trepository\tcommit\tdate\tlicence\n'; cat "$corpora/rows.tsv"; } > "$corpora/SOURCES.tsv"

siftlint catalog build --output "$out/catalog_snapshot" --sources "$corpora/SOURCES.tsv" \
  --corpus "sigma=$corpora/sigma" --corpus "elastic=$corpora/elastic" --corpus "splunk=$corpora/splunk" \
  --corpus "kusto=$corpora/kusto" --corpus "yaral=$corpora/yaral"
siftlint catalog diff "$here/catalog_snapshot" "$out/catalog_snapshot" --format markdown > "$out/changes.md"
