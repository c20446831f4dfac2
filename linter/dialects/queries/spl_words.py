"""The words that SPL knows: commands, time modifiers."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


GENERATING = words(
    """
    inputlookup tstats mstats makeresults multisearch inputcsv datamodel savedsearch loadjob metadata metasearch
    mcatalog rest dbxquery gentimes eventcount search union set pivot
    """
)
FREE = words(
    """
    dedup head tail sort reverse makemv mvexpand nomv fillnull filldown outputlookup outputcsv collect
    """
)
# Splunk Enterprise and Cloud
BUILT_IN = words(
    """
    abstract accum addcoltotals addinfo addtotals analyzefields af anomalies anomalousvalue anomalydetection append
    appendcols appendpipe arules associate audit autoregress bin bucket bucketdir chart cluster cofilter concurrency
    contingency convert correlate crawl datamodelsimple dbinspect delete delta diff dump erex eval eventstats export
    extract fieldformat fields fieldsummary findkeywords findtypes folderize foreach format from fromjson gauge geom
    geomfilter geostats highlight history iconify input inputintelligence iplocation join kmeans kv kvform localize
    localop lookup makecontinuous makejson map mcollect meventcollect mpreview msearch multikv mvcombine outlier
    outputtelemetry outputtext overlap predict rangemap rare rawstats redistribute regex relevancy reltime rename
    replace require return rex rtorder run runshellscript savedsplunk script scrub searchtxn selfjoin sendalert
    sendemail setfields showargs sichart sirare sistats sitimechart sitop spath spath2 stats strcat streamstats
    surrounding table tags timechart timewrap tojson top transaction transpose trendline tscollect typeahead
    typelearner typer uniq untable walklex where x11 xmlkv xmlunescape xpath xsdetails xyseries preview
    """
)
# Machine Learning Toolkit, Enterprise Security, well known add-ons
ADDED = words(
    """
    fit apply summary listmodels deletemodel score sample expandtoken getwatchlist identitymapper notable risk sendrisk
    cyberchef ut_parse_extended ut_parse_simple ut_parse ut_shannon ut_levenshtein ut_bayesian ut_countset
    ut_meaning ut_suites ldapsearch ldapfilter ldapfetch ldapgroup ldaptestconnection dbxlookup dbxoutput jellyfisher
    decrypt decrypt2 base64 curl virustotal vt whois nslookup dnslookup domaintools tago tagoff getasset sankey stix
    slackalert xswhere xsfindbestconcept tstatsbg
    mvdedup outputjson jsonformat kvtransaction missioncontrol
    """
)
# Commands of Kusto and ES|QL that are none of Splunk's: a search with one is in the wrong language
FOREIGN_COMMANDS = words(
    """
    project extend summarize take limit order mv make distinct let keep drop dissect grok enrich
    """
)
KNOWN = GENERATING | FREE | BUILT_IN | ADDED
TIMES = words(
    """
    earliest latest _index_earliest _index_latest starttime endtime starttimeu endtimeu timeformat searchtimespanhours
    searchtimespandays searchtimespanminutes searchtimespanmonths daysago minutesago hoursago monthsago startdaysago
    enddaysago starthoursago endhoursago startminutesago endminutesago startmonthsago endmonthsago
    """
)
