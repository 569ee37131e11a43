# {{len .Runs}} runs of a bench and their table, for Snakemake. On a cluster:
#
#   snakemake -s THIS_FILE --executor slurm --jobs 100
#
# A run that fails is a row of the table. Made by `metricslam bench --workflow`.
import json

PROGRAM = {{.Program}}
ARGS = json.loads({{.Args}})
OUT = {{.Out}}
RUNS = json.loads({{.RunList}})


workdir: {{.Dir}}


rule table:
    input:
        list(RUNS),
    output:
        OUT + "/bench.json",
    params:
        args=ARGS,
    shell:
        "{PROGRAM:q} bench {params.args:q} -o {OUT:q} --quiet"


rule run:
    output:
        OUT + "/runs/{folder}/{seed}/bench-run.json",
    wildcard_constraints:
        folder="[^/]+",
        seed="[0-9]+",
    params:
        args=ARGS,
        one=lambda wildcards: RUNS[f"{OUT}/runs/{wildcards.folder}/{wildcards.seed}/bench-run.json"],
    threads: 2
    retries: 2
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * 2 ** (attempt - 1),
        runtime=480,
    shell:
        "{PROGRAM:q} bench {params.args:q} -o {OUT:q} --only {params.one:q} --quiet"
