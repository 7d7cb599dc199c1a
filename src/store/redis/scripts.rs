//! What the engine must do in one step, in its own language (Lua 5.1).

use std::sync::LazyLock;

use redis::Script;

/// Key: the record. Arguments: fence, head, lifetime in ms, channel, word for the others, and perhaps a body;
/// without one the record's body stays. 0: a newer fence is there, or no record to re-date.
pub(super) static PUT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local stored = redis.call('HGET', KEYS[1], 'fence')
        if stored and tonumber(stored) > tonumber(ARGV[1]) then return 0 end
        if ARGV[6] then
            redis.call('HSET', KEYS[1], 'body', ARGV[6])
        elseif not stored then
            return 0
        end
        redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'head', ARGV[2])
        redis.call('PEXPIRE', KEYS[1], ARGV[3])
        redis.call('PUBLISH', ARGV[4], ARGV[5])
        return 1
        ",
    )
});

/// Keys: the lease, the record. Arguments: token, lease's lifetime in ms, record's lifetime in ms. 0: another has
/// it; else the fence. The count stands in the record, so that the engine never forgets one without the other,
/// and goes on from the stored fence when it was lost.
pub(super) static LEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
        local granted = tonumber(redis.call('HGET', KEYS[2], 'granted') or 0)
        local stored = tonumber(redis.call('HGET', KEYS[2], 'fence') or 0)
        local fence = math.max(granted, stored) + 1
        redis.call('HSET', KEYS[2], 'granted', fence)
        redis.call('PEXPIRE', KEYS[2], ARGV[3])
        return fence
        ",
    )
});

/// Key: the lease. Argument: token. Whoever lost the lease by age does not take it from its next holder.
pub(super) static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        return redis.call('DEL', KEYS[1])
        ",
    )
});
