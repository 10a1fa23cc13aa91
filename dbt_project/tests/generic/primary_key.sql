{#- Fails on every value of the primary key of the model's meta that stands on several rows. For views:
    of tables and seeds the key is held as they are built (macros/build.sql). -#}
{% test primary_key(model) %}
{{ repeated_keys(model, primary_key_of_tested()) }}
{% endtest %}
