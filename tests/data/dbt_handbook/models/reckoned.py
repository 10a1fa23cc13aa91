def model(dbt, session):
    return dbt.ref("tabled").project("id * 2 as id")
