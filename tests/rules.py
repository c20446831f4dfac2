"""Rule texts for tests, written here."""

from __future__ import annotations

SIGMA = """\
title: {title}
id: {id}
status: test
tags:
  - attack.{technique}
logsource:
  category: process_creation
  product: windows
detection:
  selection:
    Image|endswith: '\\certutil.exe'
    CommandLine|contains|all:
      - 'urlcache'
      - 'examplehost'
  condition: {condition}
level: high
"""
ID = "7b0c9a5e-0d57-4d5c-8a4f-4b6d1f0a0{:03d}"


def sigma(
    number: int = 1, *, title: str = "Download by certutil", technique: str = "t1105", condition: str = "selection"
) -> str:
    """A Sigma rule; as it stands nothing provable is to be said of it."""
    return SIGMA.format(title=title, id=ID.format(number), technique=technique, condition=condition)


NOISY = """\
title: Command shell or stager
id: 7b0c9a5e-0d57-4d5c-8a4f-4b6d1f0a0900
tags: [attack.t1059.001]
logsource: {category: process_creation, product: windows}
detection:
  selection_stager:
    Image|endswith: '\\powershell.exe'
    CommandLine|contains|all: [DownloadData, 'Reflection.Assembly']
  selection_shell:
    Image|endswith: '\\cmd.exe'
  condition: 1 of selection_*
level: high
"""
ELASTIC = """\
[metadata]
creation_date = "2026/08/01"
maturity = "production"

[rule]
name = "Download by certutil"
rule_id = "7b0c9a5e-0d57-4d5c-8a4f-4b6d1f0a1001"
language = "eql"
type = "eql"
severity = "high"
index = ["logs-endpoint.events.process-*"]
query = '''
process where host.os.type == "windows" and process.name : "certutil.exe" and process.args : "*urlcache*"
'''

[[rule.threat]]
framework = "MITRE ATT&CK"
[[rule.threat.technique]]
id = "T1105"
"""
SPLUNK = """\
name: Download by certutil
id: 7b0c9a5e-0d57-4d5c-8a4f-4b6d1f0a2001
type: TTP
data_source: [Sysmon EventID 1]
search: '| tstats count from datamodel=Endpoint.Processes where Processes.process_name=certutil.exe
  Processes.process=*urlcache* by Processes.dest | `download_by_certutil_filter`'
tags:
  mitre_attack_id: [T1105]
"""
KUSTO = """\
id: 7b0c9a5e-0d57-4d5c-8a4f-4b6d1f0a3001
name: Download by certutil
severity: High
requiredDataConnectors:
  - connectorId: MicrosoftThreatProtection
    dataTypes: [DeviceProcessEvents]
tactics: [CommandAndControl]
relevantTechniques: [T1105]
query: |
  DeviceProcessEvents
  | where FileName =~ "certutil.exe" and ProcessCommandLine has "urlcache"
version: 1.0.0
"""
YARAL = """\
rule download_by_certutil {
  meta:
    author = "siftlint"
    severity = "High"
    technique = "T1105"
  events:
    $e.metadata.event_type = "PROCESS_LAUNCH"
    re.regex($e.target.process.file.full_path, `\\\\certutil\\.exe$`) nocase
    re.regex($e.target.process.command_line, `urlcache`) nocase
  condition:
    $e
}
"""
EVERY = {"sigma.yml": sigma(), "elastic.toml": ELASTIC, "splunk.yml": SPLUNK, "kusto.yaml": KUSTO, "rule.yaral": YARAL}
"""One rule of each dialect, by a fitting file name."""
