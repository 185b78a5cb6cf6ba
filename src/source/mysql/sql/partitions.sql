select table_name, partition_ordinal_position, partition_name, partition_method, partition_expression, partition_description,
    subpartition_method, subpartition_expression
from information_schema.partitions
where table_schema = ? and partition_name is not null
