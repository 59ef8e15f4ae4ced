-- The bare engine, for sysbench: one durable update of one row a transaction, found by its unique key, and nothing
-- around it. The row is as wide as one of the service's; what changes is what every payment changes at least.

sysbench.cmdline.options = { rows = { "rows in the table", 100000 } }

function thread_init()
   connection = sysbench.sql.driver():connect()
   statement = connection:prepare("UPDATE deal SET status = 1, transaction_id = ? WHERE order_key = ?")
   transaction_id = statement:bind_create(sysbench.sql.type.CHAR, 28)
   order_key = statement:bind_create(sysbench.sql.type.CHAR, 32)
   statement:bind_param(transaction_id, order_key)
end

function event()
   transaction_id:set(sysbench.rand.string("4200000260##################"))
   order_key:set(string.format("20261124120000%018d", sysbench.rand.uniform(1, sysbench.opt.rows)))
   statement:execute()
end

function thread_done()
   statement:close()
   connection:disconnect()
end
