package gantry.node.vpc;

import gantry.acs.network.Cidr;

/**
 * What one installation's networks share.
 *
 * @param names how everything of ours is named
 * @param publicPool where elastic and auto-assigned public addresses come from; its first address
 *     is the host's, its second the edge's
 * @param relaxed tasks pull their images whether or not their subnet has a way to the registry
 */
public record VpcSettings(Names names, Cidr publicPool, boolean relaxed) {

  /** RFC 2544 sets this block aside for tests of networks: no machine on the internet has it. */
  private static final Cidr PUBLIC_BLOCK = Cidr.parse("198.18.0.0/15");

  private static final int POOL_PREFIX = 22;

  /** The pool that an installation's id stands for: the same one after every start. */
  public static Cidr poolOf(String install) {
    int pools = 1 << (POOL_PREFIX - PUBLIC_BLOCK.prefix());
    long pool = Math.floorMod(install.hashCode() * 0x9E3779B9, pools);
    return new Cidr(PUBLIC_BLOCK.base() + (pool << (32 - POOL_PREFIX)), POOL_PREFIX);
  }

  public static VpcSettings of(String install) {
    return new VpcSettings(new Names(install), poolOf(install), false);
  }

  public VpcSettings relaxed(boolean now) {
    return new VpcSettings(names, publicPool, now);
  }
}
