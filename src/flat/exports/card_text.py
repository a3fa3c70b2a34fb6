"""What a model card says below its metadata: a template of Jinja, as huggingface_hub fills it in."""

TEMPLATE = """\
---
{{ card_data }}
---

# {{ title }}

{{ what }} FLAT trained and measured it in the study “{{ study }}”, with seed {{ seed }}. The method is that of Chen
and Ji, *Adversarial Training for Improving Model Robustness? Look at Both Prediction and Interpretation*, AAAI 2022.

## Data

{{ data }}

| split | texts | where from |
|---|---:|---|
{% for split in splits -%}
| {{ split.name }} | {{ split.size }} | {{ split.origin }} |
{% endfor %}
Classes, by number: {{ classes }}.

## Training

| setting | value |
|---|---|
{% for name, value in settings -%}
| {{ name }} | {{ value }} |
{% endfor %}
## Results

Each row is of this one checkpoint. Its interval is over the examples (95 %), and says nothing of another seed.

| measure | attack | value | 95 % | n |
|---|---|---:|---:|---:|
{% for row in numbers -%}
| {{ row.measure }} | {{ row.attack }} | {{ row.value }} | {{ row.interval }} | {{ row.n }} |
{% endfor %}
{%- if over_seeds %}
The same in the mean over seeds, seeds and examples resampled:

| measure | attack | value | 95 % | seeds |
|---|---|---:|---:|---:|
{% for row in over_seeds -%}
| {{ row.measure }} | {{ row.attack }} | {{ row.value }} | {{ row.interval }} | {{ row.n }} |
{% endfor %}
{%- endif %}
## Limits

{% for limit in limits -%}
- {{ limit }}
{% endfor %}
## Licences

Nobody has chosen a licence for these weights. They were made from:

| what | version | licence | where |
|---|---|---|---|
{% for origin in origins -%}
| {{ origin.name }} | {{ origin.version }} | {{ origin.licence }} | {{ origin.where }} |
{% endfor %}
{{ note }}
"""
