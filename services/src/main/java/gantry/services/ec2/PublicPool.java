package gantry.services.ec2;

import gantry.acs.network.Cidr;
import gantry.services.ec2.Rows.PublicAddress;
import org.jspecify.annotations.Nullable;

/** The installation's public addresses: none is ever given twice, whichever account asks. */
final class PublicPool {

  /** The first ones are the host's, the edge's, and AWS services'. */
  private static final int RESERVED = 16;

  private final Cidr pool;

  PublicPool(Cidr pool) {
    this.pool = pool;
  }

  String take(Session session, String owner) {
    int usable = (int) pool.size() - RESERVED - 1;
    int start = session.ids().below(usable);
    for (int i = 0; i < usable; i++) {
      String address = pool.address(RESERVED + (start + i) % usable);
      if (session.tx().get(Ec2Tables.PUBLIC_ADDRESSES, Ec2Tables.AMAZON.key(address)) == null) {
        session
            .tx()
            .put(
                Ec2Tables.PUBLIC_ADDRESSES,
                Ec2Tables.AMAZON.key(address),
                new PublicAddress(address, owner));
        return address;
      }
    }
    throw Errors.of(
        "InsufficientAddressCapacity",
        "Not enough address space available in the public pool %s",
        pool);
  }

  void release(Session session, @Nullable String address) {
    if (address != null) {
      session.tx().delete(Ec2Tables.PUBLIC_ADDRESSES, Ec2Tables.AMAZON.key(address));
    }
  }
}
