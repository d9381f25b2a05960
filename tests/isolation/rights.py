"""What each role of the application may do by grant alone, as lines of text: the file rights.txt holds them."""

import psycopg

ROLES = ("anon", "authenticated", "vantage_worker", "vantage_app")


def rights(connection: psycopg.Connection) -> list[str]:
    """One line per role and table (`role table verb columns`) and per role and function, in a fixed order.

    `*` stands for every column.
    """
    lines = []
    for role in ROLES:
        columns = connection.execute(
            """select n.nspname || '.' || c.relname, v.verb,
                      case when has_table_privilege(%(role)s, c.oid, v.verb) then '*'
                           else string_agg(a.attname, ' ' order by a.attnum) end
                 from pg_class c join pg_namespace n on n.oid = c.relnamespace
                 join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                 cross join (values ('select'), ('insert'), ('update')) v (verb)
                where n.nspname in ('public', 'private') and c.relkind in ('r', 'p', 'v')
                  and has_column_privilege(%(role)s, c.oid, a.attnum, v.verb)
                group by n.nspname, c.relname, c.oid, v.verb order by 1, 2""",
            {"role": role},
        ).fetchall()
        deletes = connection.execute(
            """select n.nspname || '.' || c.relname, 'delete', ''
                 from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where n.nspname in ('public', 'private') and c.relkind in ('r', 'p', 'v')
                  and has_table_privilege(%(role)s, c.oid, 'delete') order by 1""",
            {"role": role},
        ).fetchall()
        functions = connection.execute(
            """select 'function', n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')'
                 from pg_proc p join pg_namespace n on n.oid = p.pronamespace
                where n.nspname in ('public', 'private') and has_function_privilege(%(role)s, p.oid, 'execute')
                order by 2""",
            {"role": role},
        ).fetchall()
        lines += [" ".join(filter(None, (role, *row))) for row in sorted(columns + deletes) + functions]
    return lines
