#!/usr/bin/env bash
# Opens, or renews, the draft pull request of a rebuilt snapshot: tools/propose_snapshot.sh REBUILT
# REBUILT holds catalog_snapshot/ and changes.md. Needs `gh` with GH_TOKEN, and the right to push and to open pull requests.
set -euo pipefail
rebuilt=$1
cd "$(dirname "$0")/.."
branch=snapshot/rebuilt
title="The catalog, rebuilt from the public rules"

rm -rf catalog_snapshot
cp -R "$rebuilt/catalog_snapshot" catalog_snapshot
git add -A -- catalog_snapshot
if git diff --cached --quiet; then
  echo "nothing new"
  exit 0
fi
git -c user.name="siftlint snapshot" -c user.email="snapshot@siftlint.invalid" commit --quiet --message "$title"
gh auth setup-git
git push --quiet --force origin "HEAD:refs/heads/$branch"
head -c 60000 "$rebuilt/changes.md" > "$rebuilt/body.md" # a body holds 65,536 characters
if [ "$(gh pr list --head "$branch" --state open --json number --jq length)" -gt 0 ]; then
  gh pr edit "$branch" --title "$title" --body-file "$rebuilt/body.md"
else
  gh pr create --draft --head "$branch" --base main --title "$title" --body-file "$rebuilt/body.md"
fi
